package control

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bargee/bargee/internal/filelock"
)

// A Room is the directory in which the processes of one state meet: the lock of
// who runs the engine, and his socket. It is 0700, the socket 0600.
type Room struct {
	dir    string
	socket string
}

// longestSocket is the longest path that a socket may have everywhere
// (sun_path; macOS and FreeBSD have 104 bytes with the end, Linux 108).
const longestSocket = 103

// OpenRoom makes the room of the state directory, if it is not there. short is
// a directory for the socket where its path would be too long, "" for one in
// the system's for temporary files.
func OpenRoom(state, short string) (*Room, error) {
	dir := filepath.Join(state, "queue")
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	r := &Room{dir: dir, socket: filepath.Join(dir, "socket")}
	if len(r.socket) <= longestSocket {
		return r, nil
	}
	if short == "" {
		short = filepath.Join(os.TempDir(), "bargee-"+strconv.Itoa(os.Getuid()))
	}
	if err := privateDir(short); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(dir))
	r.socket = filepath.Join(short, hex.EncodeToString(sum[:8])+".sock")
	if len(r.socket) > longestSocket {
		return nil, fmt.Errorf("%s is too long for a socket", r.socket)
	}
	return r, nil
}

// privateDir makes dir, or sees to it that it is a directory of ours alone.
func privateDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	fi, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is no directory", dir)
	}
	return makePrivate(dir, fi)
}

// Socket is the path of the socket.
func (r *Room) Socket() string { return r.socket }

// Listen takes the place of whoever listened before. Only who holds the lock may
// call it: a socket that is there is then one that nobody listens at.
func (r *Room) Listen() (net.Listener, error) {
	if err := os.Remove(r.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", r.socket)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(r.socket, 0o600); err != nil { // the directory kept others out meanwhile
		l.Close()
		return nil, err
	}
	return sameUsers{l}, nil
}

// sameUsers accepts processes of our own user only.
type sameUsers struct{ net.Listener }

func (l sameUsers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if sameUser(c) == nil {
			return c, nil
		}
		c.Close()
	}
}

// A Lock is the right to run the engine. It ends with Release, or with the
// process, however that ends.
type Lock struct{ f *os.File }

// Why a lock is not to be had.
var (
	// ErrHeld: another process has it.
	ErrHeld = errors.New("another process runs the queue")
	// ErrElsewhere: and it is one of another machine, which shares our disk.
	ErrElsewhere = errors.New("a process on another machine runs the queue")
)

// Lock takes the right to run the engine, or fails at once: with ErrHeld or
// ErrElsewhere if another process has it, else because there can be no lock.
func (r *Room) Lock() (*Lock, error) {
	f, err := os.OpenFile(filepath.Join(r.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname()
	if err := filelock.TryLock(f); err != nil {
		defer f.Close()
		if !errors.Is(err, filelock.ErrHeld) {
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		if _, theirs := holder(f); theirs != "" && theirs != host {
			return nil, fmt.Errorf("%w: %s", ErrElsewhere, theirs)
		}
		return nil, ErrHeld
	}
	// For people, and for who shares the disk from another machine.
	note := fmt.Sprintf("%d %s\n", os.Getpid(), host)
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(note), 0)
	}
	return &Lock{f}, nil
}

// Release gives the right back.
func (l *Lock) Release() error { return l.f.Close() }

// Holder returns the process that has the lock or had it last, 0 if it is not
// known.
func (r *Room) Holder() (process int) {
	f, err := os.Open(filepath.Join(r.dir, "lock"))
	if err != nil {
		return 0
	}
	defer f.Close()
	process, _ = holder(f)
	return process
}

func holder(f *os.File) (process int, host string) {
	b := make([]byte, 512)
	n, _ := f.ReadAt(b, 0)
	number, host, _ := strings.Cut(strings.TrimSpace(string(b[:n])), " ")
	process, _ = strconv.Atoi(number)
	return process, host
}
