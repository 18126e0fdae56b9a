//go:build linux

package session

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	simSeed  = flag.Int64("seed", -1, "the simulation: replay this seed, and say what happens")
	simFirst = flag.Int64("first", 0, "the simulation: the first seed")
	simSeeds = flag.Int64("seeds", 200, "the simulation: how many seeds")
	simTwice = flag.Bool("twice", false, "the simulation: run each seed twice, and count those that go another way")
)

// simWorker is set, to the number of the first seed, the step and the number
// behind the last one, where this process is one of those that TestSimulation
// started.
const simWorker = "BARGEE_SIMULATION"

// TestSimulation runs the sender and the receiver, with all that drives them,
// through random schedules of what networks, disks and people do to them. A
// seed says all that happens (see world), and can be replayed:
//
//	go test ./session -run Simulation -seeds 10000
//	go test ./session -run Simulation -seed 4711 -v
//
// What must hold stands in simulation_check_test.go.
func TestSimulation(t *testing.T) {
	switch {
	case os.Getenv(simWorker) != "":
		simulateMany(t, os.Getenv(simWorker))
	case *simSeed >= 0:
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		if r := simulate(t, *simSeed, func(line string) { t.Log(line) }); r.err != nil {
			t.Errorf("seed %d: %v", *simSeed, r.err)
		}
	default:
		start := time.Now()
		s := simulators{first: *simFirst, behind: *simFirst + *simSeeds}
		s.run(t)
		for _, f := range s.failed {
			t.Errorf("%s\nreplay it: go test ./session -run Simulation -seed %d -v", f.what, f.seed)
		}
		took := time.Since(start)
		t.Logf("%d seeds in %.1f s, %.0f a second; %d went another way when run twice",
			*simSeeds, took.Seconds(), float64(*simSeeds)/took.Seconds(), s.other)
	}
}

// TestSimulationRegressions replays seeds that found something once.
func TestSimulationRegressions(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for seed, what := range map[int64]string{
		29:  "with --fsync a link was reported that a power cut took away",
		114: "the journal of a committed file stayed, after a crash between the two",
		353: "a result that overtook the end of its data stream was taken for a lie",
	} {
		if r := simulate(t, seed, nil); r.err != nil {
			t.Errorf("seed %d (%s): %v", seed, what, r.err)
		}
	}
}

// simulateMany is what a worker does: it says on its standard output which seed
// it begins with, and how it ended.
func simulateMany(t *testing.T, span string) {
	var first, step, behind int64
	if _, err := fmt.Sscan(span, &first, &step, &behind); err != nil {
		t.Fatal(err)
	}
	for seed := first; seed < behind; seed += step {
		fmt.Printf("\nrun %d\n", seed)
		r := simulate(t, seed, nil)
		if r.err == nil && *simTwice {
			var a, b []string
			simulate(t, seed, func(line string) { a = append(a, line) })
			simulate(t, seed, func(line string) { b = append(b, line) })
			if at := parting(a, b); at >= 0 {
				fmt.Printf("other %d %s\n", seed, strconv.Quote(strings.Join(a[max(0, at-4):min(at+2, len(a))], "\n")+"\n-- or --\n"+b[at]))
			}
		}
		if r.err != nil {
			fmt.Printf("bad %d %s\n", seed, strconv.Quote(r.err.Error()))
		}
	}
	fmt.Printf("end\n")
}

// parting returns the first line in which two runs differ, -1 if none.
func parting(a, b []string) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// A simRun is how a seed went.
type simRun struct {
	err  error
	hash uint64 // of all that happened
}

// simulate runs one seed. loud is told of all that happens; it may be nil.
func simulate(t *testing.T, seed int64, loud func(string)) (r simRun) {
	dir := filepath.Join(simDir(), fmt.Sprintf("bargee-simulation-%08d", os.Getpid())) // as long for everybody
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			dir: dir, rng: rand.New(rand.NewPCG(uint64(seed), 1)), dials: rand.New(rand.NewPCG(uint64(seed), 2)), loud: loud,
			stored: map[simChunk]string{}, versions: map[string][]simFile{}, reported: map[string]int{}, failures: map[string]bool{},
		}
		w.start = time.Now()
		boot := bootID
		bootID = func() string { return fmt.Sprintf("%016d", w.boots+1) }
		onChange, onTurn = w.change, w.turn
		defer func() { bootID, onChange, onTurn = boot, nil, nil }()
		if w.err = w.prepare(); w.err == nil {
			w.run()
			w.close()
		}
		r = simRun{w.err, w.hash}
		switch {
		case loud != nil:
			loud(fmt.Sprintf("%d steps, %v, %d chunks sent, hash %x", w.step, time.Since(w.start), w.sentChunks, w.hash))
		case r.err != nil:
			r.err = fmt.Errorf("%w\nthe last steps:\n%s", r.err, strings.Join(w.trace[max(0, len(w.trace)-30):], "\n"))
		}
	})
	return r
}

// simDir is a directory in memory, if there is one.
func simDir() string {
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}
