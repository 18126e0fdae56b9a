package s3test

import (
	"crypto/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A Server has one bucket, named "bucket". It can be ended and begun again, at the same
// address.
type Server struct {
	Address string // host:port
	t       testing.TB
	program string
	dir     string
	cmd     *exec.Cmd
}

// New returns a server that does not run yet; keys for it are in the environment.
func New(t *testing.T) *Server {
	t.Helper()
	program := os.Getenv("BARGEE_S3_SERVER")
	if program == "" {
		t.Skip("no S3 server: BARGEE_S3_SERVER does not say where .ci/s3 was built")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: l.Addr().String(), t: t, program: program, dir: t.TempDir()}
	l.Close()
	if err := os.Mkdir(filepath.Join(s.dir, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "bargee-test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", rand.Text())
	t.Cleanup(s.Stop)
	return s
}

// Start starts a server that does not run; it listens when Start returns.
func (s *Server) Start() {
	s.t.Helper()
	s.cmd = exec.Command(s.program, s.Address, s.dir)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		c, err := net.DialTimeout("tcp", s.Address, time.Second)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("the S3 server does not listen")
		}
		<-time.After(20 * time.Millisecond)
	}
}

// Stop kills the server, if it runs; what it has stays.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Location is what bucket.Open takes, below a prefix: "" or "/some/thing".
func (s *Server) Location(prefix string) string {
	return "s3://bucket" + prefix + "?endpoint=http://" + s.Address
}
