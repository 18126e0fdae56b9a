package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// program is the bargee that is tested: that of the variable BARGEE, or one that is
// built from this repository.
var program = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("BARGEE"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(scratch, "bargee")
	build := exec.Command("go", "build", "-o", path, ".")
	build.Dir = "../.."
	build.Stderr = os.Stderr
	return path, build.Run()
})

// bargee is a command that keeps what it keeps in home.
func bargee(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "BARGEE_HOME="+home)
	return cmd
}

// run returns what a command prints, which must succeed.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, &out, &errs)
	}
	return out.String()
}

// A listening line is what a relay prints when it can be reached.
type listening struct {
	Address, Ticket, HTTP string
}

// startBargee starts a relay that keeps drops in a directory of its own, and returns
// what it says and a key to leave files with.
func startBargee(t *testing.T) (l listening, key string) {
	t.Helper()
	home := t.TempDir()
	made := run(t, bargee(t, home, "relay", "key", "new", "--name", "web", "--json"))
	var k struct{ Key string }
	if err := json.Unmarshal([]byte(made), &k); err != nil || k.Key == "" {
		t.Fatalf("%v: %s", err, made)
	}

	cmd := bargee(t, home, "relay", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--json", "--show-ticket")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the relay says:\n%s", &errs)
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatalf("the relay does not start: %s", &errs)
	}
	if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.HTTP == "" {
		t.Fatalf("%v: %s", err, lines.Text())
	}
	return l, k.Key
}
