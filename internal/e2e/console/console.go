//go:build unix

package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
)

// Config says what runs on a console. Command has no useful zero value.
type Config struct {
	Columns, Rows int      // 80 and 24
	Dir           string   // where Command runs; "" for here
	Env           []string // all of it
	Command       []string
}

// A Console runs one command. It owns the command, three goroutines and the
// pseudo terminal; all of them live until Close.
type Console struct {
	Started time.Time // before the command was

	cmd   *exec.Cmd
	file  *os.File // our side of the pseudo terminal
	over  sync.WaitGroup
	ended chan struct{} // closed when the command has

	mu      sync.Mutex
	screen  *vt.Emulator
	read    int64         // bytes
	changed chan struct{} // closed at the next byte
	gate    chan struct{} // while it is not nil, nothing is read until it is closed
}

// Start starts a console that runs cfg.Command.
func Start(ctx context.Context, cfg Config) (*Console, error) {
	w, h := cfg.Columns, cfg.Rows
	if w == 0 {
		w, h = 80, 24
	}
	c := &Console{screen: vt.NewEmulator(w, h), changed: make(chan struct{}), ended: make(chan struct{})}
	c.cmd = exec.CommandContext(ctx, cfg.Command[0], cfg.Command[1:]...)
	c.cmd.Dir, c.cmd.Env = cfg.Dir, cfg.Env
	c.Started = time.Now()
	f, err := pty.StartWithSize(c.cmd, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", cfg.Command[0], err)
	}
	c.file = f
	c.over.Go(func() {
		_ = c.cmd.Wait() // how it ended is not what is looked at
		close(c.ended)
	})
	c.over.Go(c.watch)
	c.over.Go(func() { _, _ = io.Copy(f, c.screen) }) // answers to queries; ends with either
	return c, nil
}

// watch reads what the command writes, until it ends.
func (c *Console) watch() {
	buf := make([]byte, 64<<10)
	for {
		c.mu.Lock()
		gate := c.gate
		c.mu.Unlock()
		if gate != nil {
			<-gate
		}
		n, err := c.file.Read(buf)
		if err != nil {
			return // EIO when the command has gone
		}
		c.mu.Lock()
		_, _ = c.screen.Write(buf[:n])
		c.read += int64(n)
		close(c.changed)
		c.changed = make(chan struct{})
		c.mu.Unlock()
	}
}

// Type sends keys as the bytes that a keyboard's driver would.
func (c *Console) Type(keys string) error {
	_, err := io.WriteString(c.file, keys)
	return err
}

// Resize changes the size, which the command learns by a signal.
func (c *Console) Resize(w, h int) error {
	c.mu.Lock()
	c.screen.Resize(w, h)
	c.mu.Unlock()
	return pty.Setsize(c.file, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)})
}

// Bytes returns how much the command has written so far, and was read.
func (c *Console) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read
}

// Pid returns the command's.
func (c *Console) Pid() int { return c.cmd.Process.Pid }

// Stall stops reading, until Read.
func (c *Console) Stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gate == nil {
		c.gate = make(chan struct{})
	}
}

// Read goes on after Stall.
func (c *Console) Read() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gate != nil {
		close(c.gate)
		c.gate = nil
	}
}

// Screen returns what is shown, a line a row, without blanks at the ends.
func (c *Console) Screen() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text()
}

func (c *Console) text() string {
	var b strings.Builder
	for y := range c.screen.Height() {
		var row strings.Builder
		for x := range c.screen.Width() {
			if cell := c.screen.CellAt(x, y); cell == nil {
				row.WriteByte(' ')
			} else if cell.Width > 0 {
				row.WriteString(cell.Content)
			}
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
	return b.String()
}

// Wait waits until the screen shows text, and returns when that was.
func (c *Console) Wait(ctx context.Context, text string) (time.Time, error) {
	return c.WaitFor(ctx, fmt.Sprintf("%q", text), func(screen string) bool { return strings.Contains(screen, text) })
}

// WaitBar waits until the bar that stands on the chosen row, whose cells are
// reversed or have a background, is in column x in another row than before. It
// returns that row, and when it was there first.
func (c *Console) WaitBar(ctx context.Context, x, before int) (row int, at time.Time, err error) {
	for {
		c.mu.Lock()
		changed, row, now := c.changed, c.bar(x), time.Now()
		c.mu.Unlock()
		if row >= 0 && row != before {
			return row, now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return row, now, fmt.Errorf("the bar stays in row %d: %w; the screen shows\n%s", before, ctx.Err(), c.Screen())
		}
	}
}

// bar returns the row of the bar, -1 if there is none.
func (c *Console) bar(x int) int {
	for y := range c.screen.Height() {
		cell := c.screen.CellAt(x, y)
		if cell == nil {
			continue
		}
		codes := strings.FieldsFunc(cell.Style.String(), func(r rune) bool { return !('0' <= r && r <= '9') })
		if cell.Style.Bg != nil || slices.Contains(codes, "7") {
			return y
		}
	}
	return -1
}

// WaitFor waits until shown says that the screen is as wanted, and returns when
// that was; what names it in the error, which shows the screen.
func (c *Console) WaitFor(ctx context.Context, what string, shown func(screen string) bool) (time.Time, error) {
	for {
		c.mu.Lock()
		changed, text, now := c.changed, c.text(), time.Now()
		c.mu.Unlock()
		if shown(text) {
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return now, fmt.Errorf("%s is not on the screen: %w; it shows\n%s", what, ctx.Err(), text)
		}
	}
}

// Ended waits until the command has ended.
func (c *Console) Ended() { <-c.ended }

// Close ends the command at once.
func (c *Console) Close() error {
	c.Read()
	_ = c.cmd.Process.Kill() // it may have ended by itself
	<-c.ended
	err := c.file.Close()
	c.mu.Lock()
	c.screen.Close()
	c.mu.Unlock()
	c.over.Wait()
	return err
}
