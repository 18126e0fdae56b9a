//go:build unix

package cli

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// sshdProgram is the ssh server of this machine, "" if there is none.
var sshdProgram = sync.OnceValue(func() string {
	for _, need := range []string{"ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(need); err != nil {
			return ""
		}
	}
	for _, name := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/libexec/sshd"} {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	return ""
})

// sshd NAME [LINE...] starts an ssh server on the loopback, with keys of its own
// and LINEs of configuration before the usual ones. $BARGEE_SSH knows it as NAME
// and lets us in; at the other side the home is NAME/home, and bargee's NAME/bargee.
func scriptSSHD(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Join(dir, "home"), 0o755))
	for _, key := range []string{"host", "user"} {
		ts.Check(exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).Run())
	}
	pub, err := os.ReadFile(filepath.Join(dir, "user.pub"))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "authorized_keys"), pub, 0o600))
	if os.Geteuid() == 0 {
		ts.Check(os.MkdirAll("/run/sshd", 0o755)) // which it insists on
	}
	port := freePort(ts)
	config := strings.Join(args[1:], "\n") + fmt.Sprintf(`
Port %[2]d
ListenAddress 127.0.0.1
HostKey %[1]s/host
PidFile none
AuthorizedKeysFile %[1]s/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication no
SetEnv HOME=%[1]s/home PATH=%[3]s BARGEE_HOME=%[1]s/bargee GORACE=atexit_sleep_ms=0
`, dir, port, ts.Getenv("PATH"))
	ts.Check(os.WriteFile(filepath.Join(dir, "sshd_config"), []byte(config), 0o600))
	startSSHD(ts, dir)
	me, err := user.Current()
	ts.Check(err)
	near := fmt.Sprintf(`Host %[4]s
  HostName 127.0.0.1
  Port %[2]d
  User %[3]s
  IdentityFile %[1]s/user
  IdentitiesOnly yes
  UserKnownHostsFile %[1]s/known
  StrictHostKeyChecking no
  LogLevel ERROR
`, dir, port, me.Username, args[0])
	ts.Check(os.WriteFile(filepath.Join(dir, "ssh_config"), []byte(near), 0o600))
	ts.Setenv("BARGEE_SSH", "ssh -F "+filepath.Join(dir, "ssh_config"))
	ts.Setenv(args[0]+"_port", fmt.Sprint(port))
	awaitListener(ts, port)
}

func startSSHD(ts *testscript.TestScript, dir string) {
	log, err := os.Create(filepath.Join(dir, "log"))
	ts.Check(err)
	cmd := exec.Command(sshdProgram(), "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	cmd.Stderr = log
	ts.Check(cmd.Start())
	ts.Defer(func() {
		cmd.Process.Kill()
		cmd.Wait()
		log.Close()
	})
}

func freePort(ts *testscript.TestScript) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func awaitListener(ts *testscript.TestScript, port int) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("sshd does not listen: %v", err)
		}
	}
}

// nofar NAME waits until nothing runs at the far end of NAME any more.
func scriptNoFar(ts *testscript.TestScript, neg bool, args []string) {
	home := "BARGEE_HOME=" + filepath.Join(ts.MkAbs(args[0]), "bargee")
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		left := 0
		all, err := filepath.Glob("/proc/[0-9]*/environ")
		ts.Check(err)
		for _, name := range all {
			env, _ := os.ReadFile(name) // of one that has ended
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
			if strings.Contains(string(env), home+"\x00") && strings.Contains(string(line), "--stdio") {
				left++
			}
		}
		if left == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("%d run still at the far end", left)
		}
	}
}
