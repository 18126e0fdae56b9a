//go:build unix

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bargee/bargee/transport"
)

func TestMain(m *testing.M) {
	if os.Getenv(askpassSocket) != "" { // ssh runs the program that it is started by
		os.Exit(Main())
	}
	testscript.Main(m, map[string]func(){"bargee": func() { os.Exit(Main()) }})
}

// TestScripts runs the commands as users do: as processes, over QUIC on the
// loopback. What the verbs below do stands in their comments.
func TestScripts(t *testing.T) {
	lo := loopback(t)
	var scripts atomic.Uint32
	ports := 20000 + 800*rand.Uint32N(50) // others may run these tests, too
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(9 * time.Minute), // for all of them: nothing here may hang
		Setup: func(e *testscript.Env) error {
			for _, v := range os.Environ() { // of whoever runs the tests
				if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "BARGEE_") {
					e.Setenv(name, "")
				}
			}
			e.Setenv("BARGEE_HOME", filepath.Join(e.WorkDir, ".home"))
			// A local network of the script's own, that is this machine.
			e.Setenv("BARGEE_LAN", fmt.Sprintf("%s:%d", lo, ports+8*scripts.Add(1)))
			e.Setenv("GORACE", "atexit_sleep_ms=0") // a second for each command, with the race detector
			e.Values[roleKey{}] = map[string]*role{}
			e.Defer(func() { endSupervisors(e.WorkDir) })
			e.Defer(func() { endQueue(filepath.Join(e.WorkDir, ".home")) })
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "sshd":
				return sshdProgram() != "", nil
			case "mount":
				return canMount(), nil
			}
			return false, fmt.Errorf("no such condition: %s", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":      scriptCode,
			"event":     scriptEvent,
			"token":     scriptToken,
			"write":     scriptWrite,
			"mkfile":    scriptMkfile,
			"hardlink":  scriptHardlink,
			"samefile":  scriptSameFile,
			"sparse":    scriptSparse,
			"sametime":  scriptSameTime,
			"mkraw":     scriptMkraw,
			"mkfifo":    scriptMkfifo,
			"smalldisk": scriptSmallDisk,
			"mkhole":    scriptMkhole,
			"waitentry": scriptWaitEntry,
			"same":      scriptSame,
			"serve":     scriptServe,
			"relay":     scriptRelay,
			"activate":  scriptActivate,
			"process":   scriptProcess,
			"sshd":      scriptSSHD,
			"nofar":     scriptNoFar,
			"pair":      scriptPair,
			"mount":     scriptMount,
			"dav":       scriptDAV,
			"field":     scriptField,
			"offer":     scriptOffer,
			"typed":     scriptTyped,
			"waitbytes": scriptWaitBytes,
			"launch":    scriptLaunch,
			"signal":    scriptSignal,
			"ended":     scriptEnded,
			"peer":      scriptPeer,
			"waitline":  scriptWaitLine,

			"endqueue":    scriptEndQueue,
			"waitcommand": scriptWaitCommand,
			"long":        scriptLong,
		},
	})
}

// code N COMMAND... runs a command that has to end with exit code N. Where that
// is an error, standard error ends with the contract's line, and at most one
// of what to do.
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	checkErrorForm(ts, want)
}

func checkErrorForm(ts *testscript.TestScript, code int) {
	text := ts.ReadFile("stderr")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	told := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "bargee: ") })
	switch {
	case code == exitDone || code == exitPartly:
	case told < 0:
		ts.Fatalf("standard error has no line that starts with bargee: ")
	case !strings.HasPrefix(lines[len(lines)-1], "bargee: ") && len(lines) > 1 && !strings.HasPrefix(lines[len(lines)-2], "bargee: "):
		ts.Fatalf("more than one line after the error")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0xfffd }) {
		ts.Fatalf("standard error has control characters: %q", text)
	}
}

// event NAME [KEY=VALUE...] finds an event in the JSON lines of standard
// output, all of which have to be valid. VALUE is compared with the value's
// text; "KEY?" only has to be there. The values of the event are $EVENT_KEY.
func scriptEvent(ts *testscript.TestScript, neg bool, args []string) {
	found := false
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var ev map[string]any
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			ts.Fatalf("not JSON: %v: %s", err, line)
		}
		if !strings.HasPrefix(line, `{"event":`) {
			ts.Fatalf("the event does not come first: %s", line)
		}
		if found || !matchesEvent(ev, args) {
			continue
		}
		found = true
		for k, v := range ev {
			ts.Setenv("EVENT_"+k, eventText(v))
		}
	}
	if found == neg {
		ts.Fatalf("event %v found: %v", args, found)
	}
}

func matchesEvent(ev map[string]any, args []string) bool {
	if ev["event"] != args[0] {
		return false
	}
	for _, arg := range args[1:] {
		key, want, _ := strings.Cut(arg, "=")
		v, ok := ev[strings.TrimSuffix(key, "?")]
		if !ok || !strings.HasSuffix(key, "?") && eventText(v) != want {
			return false
		}
	}
	return true
}

func eventText(v any) string {
	if n, ok := v.(float64); ok {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// token FILE makes a token in a private file.
func scriptToken(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(transport.NewToken().Reveal()+"\n"), 0o600))
}

// write FILE LINE... makes a file of lines that only we can read.
func scriptWrite(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], "\n")+"\n"), 0o600))
}

// mkfile FILE SIZE makes a file of bytes that look random and depend on its name.
func scriptMkfile(ts *testscript.TestScript, neg bool, args []string) {
	n, err := parseSize(args[1])
	ts.Check(err)
	var seed [32]byte
	copy(seed[:], filepath.Base(args[0]))
	b := make([]byte, n)
	rand.NewChaCha8(seed).Read(b)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o666))
}

// mkraw DIR NAME makes a file whose name is written as a Go string.
func scriptMkraw(ts *testscript.TestScript, neg bool, args []string) {
	name, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), name), []byte(name), 0o666))
}

// mkfifo FILE makes a FIFO that nobody writes to.
func scriptMkfifo(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o666))
}

// same A B compares two trees: names, kinds, contents, link targets,
// permissions and the times of files.
func scriptSame(ts *testscript.TestScript, neg bool, args []string) {
	a, b := describeTree(ts, args[0]), describeTree(ts, args[1])
	if same := a == b; same == neg {
		ts.Fatalf("%s:\n%s\n%s:\n%s", args[0], a, args[1], b)
	}
}

func describeTree(ts *testscript.TestScript, top string) string {
	var out strings.Builder
	top = ts.MkAbs(top)
	ts.Check(filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		below, _ := filepath.Rel(top, name)
		fmt.Fprintf(&out, "%q %v", below, info.Mode())
		switch {
		case info.Mode().IsRegular():
			b, err := os.ReadFile(name)
			fmt.Fprintf(&out, " %v %d bytes %x", info.ModTime().UTC(), len(b), b[:min(len(b), 8)])
			if err != nil {
				return err
			}
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			fmt.Fprintf(&out, " -> %q", target)
			if err != nil {
				return err
			}
		}
		out.WriteByte('\n')
		return nil
	}))
	return out.String()
}

// long N sets $LONG to a name of N bytes.
func scriptLong(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Setenv("LONG", strings.Repeat("n", n))
}

// mkhole FILE SIZE makes a file of zeros that takes no room.
func scriptMkhole(ts *testscript.TestScript, neg bool, args []string) {
	n, err := parseSize(args[1])
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o777))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), nil, 0o666))
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// canMount tells whether we may mount a disk, which root in a container may not.
var canMount = sync.OnceValue(func() bool {
	return runtime.GOOS == "linux" && exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt").Run() == nil
})

// smalldisk DIR SIZE mounts a disk of that size.
func scriptSmallDisk(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+args[1], "tmpfs", dir).CombinedOutput(); err != nil {
		ts.Fatalf("mount: %v: %s", err, out)
	}
	ts.Defer(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			ts.Logf("umount: %v: %s", err, out)
		}
	})
}
