//go:build unix

package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bargee/bargee/transport"
)

// patience is how long the tests wait for what has to come. Only a failing
// test takes as long.
const patience = time.Minute

type roleKey struct{}

// A role is a bargee that a script keeps running beside its commands.
type role struct {
	cmd   *exec.Cmd
	ended chan struct{}
	out   string // file with its standard output, and err likewise
	err   string
	ready chan string // gets the first line of its standard output
}

// launch NAME ARGS... starts bargee in the background; its output goes to
// NAME.out and NAME.err.
func scriptLaunch(ts *testscript.TestScript, neg bool, args []string) {
	startRole(ts, args[0], args[1:])
}

func startRole(ts *testscript.TestScript, name string, args []string, prepare ...func(*exec.Cmd)) *role {
	r := &role{ended: make(chan struct{}), out: ts.MkAbs(name + ".out"), err: ts.MkAbs(name + ".err"), ready: make(chan string, 1)}
	r.cmd = exec.Command(lookPath(ts, "bargee"), args...)
	r.cmd.Dir = ts.MkAbs(".")
	for _, v := range []string{
		"BARGEE_HOME", "BARGEE_TOKEN_FILE", "BARGEE_TOKEN", "BARGEE_SERVE_LISTEN", "BARGEE_SERVE_READ_ONLY", "BARGEE_SERVE_MAX_CLIENTS",
		"BARGEE_RELAY", "BARGEE_RELAY_TOKEN_FILE", "BARGEE_LAN",
		"PATH", "HOME", "TMPDIR", "GOCOVERDIR",
	} {
		r.cmd.Env = append(r.cmd.Env, v+"="+ts.Getenv(v))
	}
	for _, p := range prepare {
		p(r.cmd)
	}
	stdout, err := r.cmd.StdoutPipe()
	ts.Check(err)
	errFile, err := os.Create(r.err)
	ts.Check(err)
	outFile, err := os.Create(r.out)
	ts.Check(err)
	r.cmd.Stderr = errFile
	ts.Check(r.cmd.Start())
	go func() {
		defer close(r.ended)
		defer errFile.Close()
		defer outFile.Close()
		lines := bufio.NewReader(io.TeeReader(stdout, outFile))
		line, _ := lines.ReadString('\n')
		r.ready <- line
		io.Copy(io.Discard, lines)
		r.cmd.Wait()
	}()
	roles(ts)[name] = r
	ts.Defer(func() {
		r.cmd.Process.Signal(syscall.SIGCONT)
		r.cmd.Process.Kill()
		<-r.ended
	})
	return r
}

func roles(ts *testscript.TestScript) map[string]*role { return ts.Value(roleKey{}).(map[string]*role) }

func lookPath(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, name); exec.Command(p).Err == nil {
			if _, err := os.Stat(p); err == nil {
				return p
			}
		}
	}
	ts.Fatalf("no %s in PATH", name)
	return ""
}

// serve NAME ARGS... starts "bargee serve ARGS --json" on a free port of the
// loopback and waits until it is ready. Its home is .home-NAME. The values of
// the ready line are $NAME_address, $NAME_peer and $NAME_ticket.
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	startListening(ts, args[0], append([]string{"serve", "--json", "--listen", "127.0.0.1:0"}, args[1:]...))
}

// relay NAME ARGS... does likewise for "bargee relay ARGS".
func scriptRelay(ts *testscript.TestScript, neg bool, args []string) {
	startListening(ts, args[0], append([]string{"relay", "--json", "--listen", "127.0.0.1:0"}, args[1:]...))
}

// activate NAME ARGS... starts "bargee relay ARGS --json" as systemd would: on
// sockets that are held for it, here by the test, and told of in NAME.notify.
func scriptActivate(ts *testscript.TestScript, neg bool, args []string) {
	name := args[0]
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	ts.Check(err)
	tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	ts.Check(err)
	udpFile, err := udp.File()
	ts.Check(err)
	tcpFile, err := tcp.File()
	ts.Check(err)
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: ts.MkAbs(name + ".socket"), Net: "unixgram"})
	ts.Check(err)
	said, err := os.Create(ts.MkAbs(name + ".notify"))
	ts.Check(err)
	ts.Defer(func() { notify.Close(); udp.Close(); tcp.Close(); udpFile.Close(); tcpFile.Close() })
	go func() {
		defer said.Close()
		b := make([]byte, 4096)
		for {
			n, err := notify.Read(b)
			if err != nil {
				return
			}
			said.Write(append(b[:n], '\n'))
		}
	}()
	ts.Setenv(name+"_tcp", tcp.Addr().String())
	startListening(ts, name, append([]string{"relay", "--json"}, args[1:]...), func(c *exec.Cmd) {
		c.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", c.Path}, c.Args[1:]...)
		c.Path = lookPath(ts, "sh")
		c.ExtraFiles = []*os.File{udpFile, tcpFile}
		c.Env = append(c.Env, "LISTEN_FDS=2", "NOTIFY_SOCKET="+notify.LocalAddr().String(), "WATCHDOG_USEC=400000")
	})
}

// pair NAME ARGS... does likewise for "bargee pair ARGS", which waits for somebody.
// What .home-here knows of relays is known to all of them.
func scriptPair(ts *testscript.TestScript, neg bool, args []string) {
	relays, err := os.ReadFile(ts.MkAbs(".home-here/relays.json"))
	ts.Check(err)
	home := ts.MkAbs(".home-" + args[0])
	ts.Check(os.MkdirAll(home, 0o700))
	ts.Check(os.WriteFile(filepath.Join(home, "relays.json"), relays, 0o600))
	startListening(ts, args[0], append([]string{"pair", "--json"}, args[1:]...))
}

func startListening(ts *testscript.TestScript, name string, args []string, prepare ...func(*exec.Cmd)) {
	before := ts.Getenv("BARGEE_HOME")
	ts.Setenv("BARGEE_HOME", ts.MkAbs(".home-"+name))
	r := startRole(ts, name, args, prepare...)
	ts.Setenv("BARGEE_HOME", before)
	select {
	case line := <-r.ready:
		var ev map[string]any
		if err := json.Unmarshal([]byte(line), &ev); err != nil || ev["event"] != "listening" {
			stderr, _ := os.ReadFile(r.err)
			ts.Fatalf("not ready: %q %s", line, stderr)
		}
		for k, v := range ev {
			ts.Setenv(name+"_"+k, eventText(v))
		}
	case <-time.After(patience):
		ts.Fatalf("no ready line")
	}
}

// signal NAME SIGNAL sends a signal to what launch or serve started.
func scriptSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT, "KILL": syscall.SIGKILL,
	}
	ts.Check(roles(ts)[args[0]].cmd.Process.Signal(signals[args[1]]))
}

// ended NAME CODE [WITHIN] waits until what was started has ended with that
// exit code, by default within 2 s. That is of a machine that has nothing else to
// do: on a busy one they pass more slowly, see busily.
func scriptEnded(ts *testscript.TestScript, neg bool, args []string) {
	r, within := roles(ts)[args[0]], 2*time.Second
	if len(args) > 2 {
		var err error
		within, err = time.ParseDuration(args[2])
		ts.Check(err)
	}
	select {
	case <-r.ended:
	case <-time.After(within):
		if !busily(lookPath(ts, "bargee"), within, r.ended) {
			ts.Fatalf("%s has not ended within %v", args[0], within)
		}
	}
	if got := r.cmd.ProcessState.ExitCode(); strconv.Itoa(got) != args[1] {
		stderr, _ := os.ReadFile(r.err)
		ts.Fatalf("%s ended with %d (%v), want %s: %s", args[0], got, r.cmd.ProcessState, args[1], stderr)
	}
}

// busily goes on waiting for over, as long as this machine takes for what is done
// within d elsewhere: for starting a program, which needs 20 ms, again and again.
func busily(program string, d time.Duration, over <-chan struct{}) bool {
	for range d / (20 * time.Millisecond) {
		_ = exec.Command(program, "version").Run()
		select {
		case <-over:
			return true
		default:
		}
	}
	return false
}

// peer KIND sets $ADDR to a UDP address where something else than bargee serve
// listens: "silent" answers nothing, "garbage" answers nonsense, "newer" is a
// peer of a protocol to come, whose token is in the file newer.token, and
// "mute" lets in but never answers a request (mute.token).
func scriptPeer(ts *testscript.TestScript, neg bool, args []string) {
	switch args[0] {
	case "silent", "garbage":
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		ts.Check(err)
		ts.Defer(func() { conn.Close() })
		ts.Setenv("ADDR", conn.LocalAddr().String())
		if args[0] == "garbage" {
			go answerNonsense(conn)
		}
	case "newer":
		startPeer(ts, args[0], transport.Versions{Min: 40, Max: 41})
	case "mute":
		startPeer(ts, args[0], transport.Versions{})
	default:
		ts.Fatalf("no such peer: %s", args[0])
	}
}

func answerNonsense(conn net.PacketConn) {
	b := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFrom(b)
		if err != nil {
			return
		}
		conn.WriteTo([]byte(strings.Repeat("nonsense", 1+n/16)), from)
	}
}

func startPeer(ts *testscript.TestScript, name string, v transport.Versions) {
	id, err := transport.NewIdentity()
	ts.Check(err)
	token := transport.NewToken()
	ts.Check(os.WriteFile(ts.MkAbs(name+".token"), []byte(token.Reveal()), 0o600))
	ep, err := transport.Listen("127.0.0.1:0", transport.Config{
		Identity: id, Agent: "test", Versions: v,
		Admission: &transport.Admission{Tree: "/", Tokens: transport.Tokens(token.Public())},
	})
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ts.Defer(func() { cancel(); ep.Close() })
	ts.Setenv("ADDR", ep.Addr().String())
	go func() {
		for {
			if _, err := ep.Accept(ctx); err != nil {
				return
			}
		}
	}()
}

// waitline FILE TEXT waits until FILE holds TEXT.
func scriptWaitLine(ts *testscript.TestScript, neg bool, args []string) {
	await(ts, args, func() bool {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && strings.Contains(string(b), args[1])
	})
}

// process LOG NAME sets $NAME to the last process that a supervisor says it has
// started in LOG.
func scriptProcess(ts *testscript.TestScript, neg bool, args []string) {
	var pid string
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var said struct{ Process int }
		if json.Unmarshal([]byte(line), &said) == nil && said.Process != 0 {
			pid = strconv.Itoa(said.Process)
		}
	}
	if pid == "" {
		ts.Fatalf("%s names no process", args[0])
	}
	ts.Setenv(args[1], pid)
}

// endSupervisors ends what a script has put into the background.
func endSupervisors(dir string) {
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".pid") {
			if pid, err := runningPid(name); err == nil && pid > 0 {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return nil
	})
}

// waitcommand COMMAND... waits until the command succeeds.
func scriptWaitCommand(ts *testscript.TestScript, neg bool, args []string) {
	await(ts, args, func() bool { return ts.Exec(args[0], args[1:]...) == nil })
}

// waitentry DIR waits until DIR is no longer empty.
func scriptWaitEntry(ts *testscript.TestScript, neg bool, args []string) {
	await(ts, args, func() bool {
		entries, err := os.ReadDir(ts.MkAbs(args[0]))
		return err == nil && len(entries) > 0
	})
}

func await(ts *testscript.TestScript, what []string, is func() bool) {
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("waited in vain for %v", what)
		}
	}
}
