//go:build linux

package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/e2e/bargee"
)

// blockedNetwork makes two hosts with a cable between them that no UDP passes: far,
// at 10.86.0.2, hears none of near.
func blockedNetwork(t *testing.T) (near, far string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("network namespaces need ip, of iproute2")
	}
	name := fmt.Sprintf("bargee%d", os.Getpid())
	near, far = name+"n", name+"f"
	ip := func(line string) error {
		out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %v: %s", line, err, bytes.TrimSpace(out))
		}
		return nil
	}
	for i, host := range []string{near, far} {
		if err := ip("netns add " + host); err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { ip("netns del " + host) })
		if i == 1 {
			if err := ip(fmt.Sprintf("link add eth0 netns %s type veth peer name eth0 netns %s", near, far)); err != nil {
				t.Skip(err)
			}
		}
	}
	for _, line := range []string{
		"-n " + near + " addr add 10.86.0.1/24 dev eth0",
		"-n " + far + " addr add 10.86.0.2/24 dev eth0",
		"-n " + near + " link set lo up",
		"-n " + far + " link set lo up",
		"-n " + near + " link set eth0 up",
		"-n " + far + " link set eth0 up",
		"-n " + far + " rule add pref 1 iif eth0 ipproto udp blackhole",
		"-n " + far + " rule add pref 2 lookup local",
		"-n " + far + " rule del pref 0", // it would come first
	} {
		if err := ip(line); err != nil {
			t.Fatal(err)
		}
	}
	return near, far
}

// Who has no UDP copies by way of a relay, over TCP, and does not wait for UDP
// first.
func TestUDPBlocked(t *testing.T) {
	near, far := blockedNetwork(t)
	at := func(host string) *bargee.Binary {
		b := binary(t)
		b.Under = []string{"ip", "netns", "exec", host}
		return b
	}
	a, b, r := at(near), at(far), at(far)
	relayToken, err := r.NewToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	relay, err := r.Role(t.Context(), "relay", "relay", "--listen", "10.86.0.2:0", "--token-file", relayToken)
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Kill()
	token, err := b.NewToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	server, err := b.Serve(t.Context(), "server", dir, "--listen", "10.86.0.2:0", "--token-file", token, "--show-ticket",
		"--relay", "bargee://"+relay.Address, "--relay-token-file", relayToken)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Kill()
	cargo := make([]byte, 8<<20)
	rand.Read(cargo)
	from := filepath.Join(a.Dir, "cargo")
	if err := os.WriteFile(from, cargo, 0o600); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	cmd := a.Command(t.Context(), "client", "cp", "--json", from, server.Ticket+":/")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	took := time.Since(begin)
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, stderr.String(), out)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "cargo")); err != nil || !bytes.Equal(got, cargo) {
		t.Errorf("%d bytes arrived of %d, %v", len(got), len(cargo), err)
	}
	if !bytes.Contains(out, []byte(`"path":"tcp"`)) || bytes.Contains(out, []byte(`"path":"direct"`)) {
		t.Errorf("the lanes are not over TCP:\n%s", out)
	}
	if took > 8*time.Second { // it gives UDP up after 10
		t.Errorf("it took %v", took)
	}
	t.Logf("8 MiB took %v", took)
}
