//go:build linux

package session

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// simulators run seeds in processes of their own, one for each core: so a seed
// that panics or hangs is known, and costs nothing but itself; and with one
// core each, goroutines that nothing orders run in the same order nearly always.
type simulators struct {
	first, behind int64
	program       string // the test binary; "": this one
	once          bool   // end at the first seed that fails

	mu     sync.Mutex
	failed []simFailure
	other  int // seeds that did not go the same way twice
}

type simFailure struct {
	seed int64
	what string
}

// simPatience is how long a seed may take by the clock of the wall.
const simPatience = 2 * time.Minute

func (s *simulators) run(t *testing.T) {
	n := int64(runtime.NumCPU())
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for first := s.first + i; first < s.behind && !(s.once && s.any()); {
				first = s.work(t, first, n) + n // past the one that killed it
			}
		})
	}
	all.Wait()
}

// work runs a worker until it ends, and returns the last seed that it began.
func (s *simulators) work(t *testing.T, first, step int64) (last int64) {
	last = s.behind
	program := s.program
	if program == "" {
		program = os.Args[0]
	}
	cmd := exec.Command(program, "-test.run=^TestSimulation$", fmt.Sprintf("-twice=%t", *simTwice))
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d", simWorker, first, step, s.behind), "GOMAXPROCS=1", "GOGC=400")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return last
	}
	hangs := time.AfterFunc(simPatience, func() { cmd.Process.Signal(syscall.SIGQUIT) })
	defer hangs.Stop()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var ended bool
	var said []string
	for lines.Scan() {
		if s.once && s.any() {
			ended = true
			cmd.Process.Kill()
			break
		}
		word, rest, _ := strings.Cut(lines.Text(), " ")
		number, rest, _ := strings.Cut(rest, " ")
		seed, _ := strconv.ParseInt(number, 10, 64)
		switch word {
		case "run":
			hangs.Reset(simPatience)
			last, said = seed, nil
		case "other":
			what, _ := strconv.Unquote(rest)
			s.note(func() { s.other++ })
			t.Logf("seed %d went two ways:\n%s", seed, what)
		case "bad":
			what, _ := strconv.Unquote(rest)
			s.note(func() { s.failed = append(s.failed, simFailure{seed, fmt.Sprintf("seed %d: %s", seed, what)}) })
		case "end":
			ended, last = true, s.behind
		default:
			said = append(said, lines.Text())
		}
	}
	if err := cmd.Wait(); !ended {
		what := fmt.Sprintf("seed %d kills its process: %v\n%s\n%.4000s", last, err, strings.Join(said, "\n"), stderr.String())
		s.note(func() { s.failed = append(s.failed, simFailure{last, what}) })
	}
	return last
}

// any tells whether a seed failed.
func (s *simulators) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failed) > 0
}

func (s *simulators) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}
