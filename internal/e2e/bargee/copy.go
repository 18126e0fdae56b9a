package bargee

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"
)

// An Event is a line of a transfer's JSON, with the keys that tests look at.
type Event struct {
	Event        string // plan, progress, file, done, error
	Bytes        int64
	Total        int64
	Files        int64
	Failed       int64
	BytesSent    int64 `json:"bytes_sent"`
	BytesResumed int64 `json:"bytes_resumed"`
	Streams      []struct{ Bytes int64 }
	Path         string
	Result       string
	Digest       string
	Kind         string
	Message      string // of an error
	Error        string // of a file that failed
}

// A Copy is a running "bargee cp".
type Copy struct {
	cmd     *exec.Cmd
	began   time.Time
	stderr  bytes.Buffer
	started chan struct{} // closed by the first event
	ended   chan struct{}

	mu       sync.Mutex
	verified int64         // bytes of the last progress event
	carried  time.Duration // after the start, when an event told of bytes on a stream; 0 before
	arrived  []string      // paths of files that did not fail
	done     *Event        // nil while there is none
	failure  *Event        // an error event, or that of a file that failed
	code     int           // exit code, -1 if a signal ended it; once ended is closed
	err      error         // of reading its output
}

// Copy starts "bargee cp --json" with args as the user of home.
func (b *Binary) Copy(ctx context.Context, home string, args ...string) (*Copy, error) {
	c := &Copy{
		cmd:     b.Command(ctx, home, append([]string{"cp", "--json"}, args...)...),
		started: make(chan struct{}),
		ended:   make(chan struct{}),
	}
	c.cmd.Stderr = &c.stderr
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.began = time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		err := c.read(stdout)
		c.cmd.Wait() // its result is the exit code
		c.mu.Lock()
		c.err, c.code = err, c.cmd.ProcessState.ExitCode()
		c.mu.Unlock()
		close(c.ended)
	}()
	return c, nil
}

// read follows the events until the process closes its output.
func (c *Copy) read(r io.Reader) error {
	first := sync.OnceFunc(func() { close(c.started) })
	defer first()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20) // 255 streams make long lines
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			io.Copy(io.Discard, r)
			return fmt.Errorf("not a line of JSON: %q", lines.Text())
		}
		c.note(&e)
		first()
	}
	return lines.Err()
}

func (c *Copy) note(e *Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e.Event {
	case "progress":
		c.verified = e.Bytes
		for _, st := range e.Streams {
			if st.Bytes > 0 && c.carried == 0 {
				c.carried = time.Since(c.began)
			}
		}
	case "done":
		c.done = e
	case "error":
		c.failure = e
	case "file":
		if e.Result == "failed" {
			c.failure = e
		} else {
			c.arrived = append(c.arrived, e.Path)
		}
	}
}

// Started is closed once the first event was read, or will never be.
func (c *Copy) Started() <-chan struct{} { return c.started }

// Ended is closed when the process is gone and all of its output was read.
func (c *Copy) Ended() <-chan struct{} { return c.ended }

// Signal sends the process a signal.
func (c *Copy) Signal(s os.Signal) { c.cmd.Process.Signal(s) }

// Pid is the process.
func (c *Copy) Pid() int { return c.cmd.Process.Pid }

// Why waits for the end and returns what was said about a failure: the message
// of the event, and all of the standard error.
func (c *Copy) Why() string {
	<-c.ended
	return c.why() + "\n" + c.stderr.String()
}

// Arrived returns the paths of the file events whose result is not failed.
func (c *Copy) Arrived() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.arrived)
}

// Verified returns the bytes that the last progress event told.
func (c *Copy) Verified() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.verified
}

// FirstByte returns how long after the start an event first told of data that
// had crossed in this run and was verified: it was so at most 250 ms before. It
// is 0 while there is none.
func (c *Copy) FirstByte() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.carried
}

// Kill ends the process as kill -9 does, and waits until it is gone.
func (c *Copy) Kill() {
	c.cmd.Process.Kill()
	<-c.ended
}

// Interrupt does what Ctrl-C does.
func (c *Copy) Interrupt() { c.cmd.Process.Signal(syscall.SIGINT) }

// ExitCode waits for the end and returns the exit code, -1 after a signal.
func (c *Copy) ExitCode() int {
	<-c.ended
	return c.code
}

// Done waits for the end and returns the done event, or an error that says all
// that is known if there is none or the exit code is not 0.
func (c *Copy) Done() (Event, error) {
	<-c.ended
	switch {
	case c.err != nil:
		return Event{}, c.err
	case c.done == nil || c.code != 0:
		return Event{}, fmt.Errorf("exit code %d%s: %s", c.code, c.why(), c.stderr.String())
	}
	return *c.done, nil
}

// why is what the events say about a failure.
func (c *Copy) why() string {
	switch f := c.failure; {
	case f != nil:
		return fmt.Sprintf(", %s: %s: %s%s", f.Kind, f.Path, f.Message, f.Error)
	case c.done == nil:
		return ", without a done event"
	default:
		return ""
	}
}
