package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// The bounds of what a server can be told.
const (
	minChunk   = 64 << 10
	maxChunk   = 16 << 20
	maxStreams = 255
)

// A byteCount is a flag with a number of bytes.
type byteCount struct{ n int64 }

func (b *byteCount) Type() string { return "SIZE" }
func (b *byteCount) Set(s string) (err error) {
	b.n, err = parseSize(s)
	return err
}

func (b *byteCount) String() string {
	if b.n == 0 {
		return ""
	}
	return strconv.FormatInt(b.n, 10)
}

// limitFlags are what a server gives to its peers at most.
type limitFlags struct {
	fileSize, minChunk, maxChunk byteCount
	clients, streams, lanes      int
	rate                         byteRate
}

func (l *limitFlags) add(f *pflag.FlagSet) {
	f.Var(&l.fileSize, "max-file-size", "largest file, both ways (default any)")
	f.Var(&l.minChunk, "min-chunk-size", "smallest chunk that peers may choose (default 64KiB)")
	f.Var(&l.maxChunk, "max-chunk-size", "largest one (default 16MiB)")
	f.IntVar(&l.clients, "max-clients", 0, "peers at a time; the next is refused at once (default any number)")
	f.Var(&l.rate, "limit", "all peers together no faster than that, each way: "+rateWords)
	f.IntVar(&l.streams, "max-streams", 0, "data streams of a transfer, 1 to 255 (default 255)")
	f.IntVar(&l.lanes, "max-lanes", 0, "lanes of a link, 1 to 128 (default 128)")
}

func (l *limitFlags) check(f *pflag.FlagSet) error {
	for _, c := range []struct {
		flag      string
		n, lo, hi int64
		power     bool
	}{
		{"max-file-size", l.fileSize.n, 1, 1 << 62, false},
		{"min-chunk-size", l.minChunk.n, minChunk, maxChunk, true},
		{"max-chunk-size", l.maxChunk.n, minChunk, maxChunk, true},
		{"max-clients", int64(l.clients), 1, 1 << 20, false},
		{"max-streams", int64(l.streams), 1, maxStreams, false},
		{"max-lanes", int64(l.lanes), 1, transport.MaxLanes, false},
	} {
		if !f.Changed(c.flag) {
			continue
		}
		if c.n < c.lo || c.n > c.hi {
			return usage(fmt.Sprintf("%d is not within %d to %d", c.n, c.lo, c.hi), "").about("", "--"+c.flag)
		}
		if c.power && c.n&(c.n-1) != 0 {
			return usage(fmt.Sprintf("%d is not a power of two", c.n), "for example 256K, 1M, 4M").about("", "--"+c.flag)
		}
	}
	if f.Changed("min-chunk-size") && f.Changed("max-chunk-size") && l.minChunk.n > l.maxChunk.n {
		return usage("is above --max-chunk-size", "").about("", "--min-chunk-size")
	}
	return nil
}

func parseUmask(s string) (int, error) {
	n, err := strconv.ParseUint(s, 8, 16)
	if err != nil || n > 0o777 {
		return 0, errors.New("is no umask: three octal digits")
	}
	return int(n), nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

// logFlags say where a role that runs for long writes what happens.
type logFlags struct {
	file, format, level string
}

func (l *logFlags) add(f *pflag.FlagSet) {
	f.StringVar(&l.file, "log-file", "", "append the log to `FILE` (default standard error)")
	f.StringVar(&l.format, "log-format", "text", "`text|json`")
	f.StringVar(&l.level, "log-level", "", "`debug|info|warn|error` (default info)")
}

func (l *logFlags) check() error {
	if !slices.Contains([]string{"text", "json"}, l.format) {
		return usage("is none of text, json", "").about("--log-format", session.Display(l.format))
	}
	if !slices.Contains([]string{"", "debug", "info", "warn", "error"}, l.level) {
		return usage("is none of debug, info, warn, error", "").about("--log-level", session.Display(l.level))
	}
	return nil
}

// A roleLog is the log of a role that runs for long.
type roleLog struct {
	*slog.Logger
	sink *logSink
	file string // "": standard error
}

// open returns the log. -q and -v choose the level where no flag does.
func (l *logFlags) open(a *app) (*roleLog, error) {
	w, where := a.stderr, "standard error"
	if l.file != "" {
		f, err := openLog(l.file)
		if err != nil {
			return nil, &problem{what: "write the log", where: session.Display(l.file), err: err}
		}
		w, where = f, session.Display(l.file)
	} else {
		w = struct{ io.Writer }{w} // is not ours to close
	}
	sink := newLogSink(w, func(lost int, why error) []byte {
		var line bytes.Buffer
		if lost == 0 {
			slog.New(l.handler(&line, a)).Error("this log is not opened anew", "reason", whyLost(why))
			return line.Bytes()
		}
		slog.New(l.handler(&line, a)).Error("lines of this log are lost", "lines", lost, "reason", whyLost(why))
		return line.Bytes()
	}, func(why error) {
		if l.file != "" {
			a.warn("write the log %s: %s; lines are lost until it can be written again", where, reason(why))
		}
	})
	return &roleLog{slog.New(newCalmHandler(l.handler(sink, a))), sink, l.file}, nil
}

func openLog(name string) (io.WriteCloser, error) {
	return os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

func whyLost(err error) string {
	if err == nil {
		return "they came faster than they could be written"
	}
	return reason(err)
}

// reopen goes on in a new file, where somebody has renamed the one there was.
func (l *roleLog) reopen() {
	if l.file != "" {
		l.sink.reopen(func() (io.WriteCloser, error) { return openLog(l.file) })
	}
}

func (l *roleLog) close() { l.sink.close() }

func (l *logFlags) handler(w io.Writer, a *app) slog.Handler {
	level := slog.LevelInfo
	switch {
	case l.level != "":
		level.UnmarshalText([]byte(l.level)) // checked
	case a.quiet:
		level = slog.LevelError
	case a.verbose:
		level = slog.LevelDebug
	}
	opts := &slog.HandlerOptions{Level: level}
	if l.format == "json" {
		return slog.NewJSONHandler(w, opts)
	}
	return slog.NewTextHandler(w, opts)
}

// isListenAddress tells whether addr is host:port, or :port.
func isListenAddress(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	return err == nil && isPort(port)
}
