//go:build linux

package session

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var simMutate = flag.Bool("mutate", false, "the simulation: build each mutation, and expect it to be found")

// A mutation breaks the program on purpose: who cannot find it proves nothing.
// Those marked as bugs were found by the simulation: they undo what mended them.
type mutation struct {
	what      string
	file      string
	old, new  string
	wantSeeds int64 // in so many seeds it has to be found
}

var mutations = []mutation{
	{"a bug: a link is not synced", "answer.go", "	if r.options.Fsync {\n		return syncDir(f.dir.root)\n	}\n", "", 1500},
	{"chunks are not verified", "collect.go", "	if !r.vouched && valueOf(", "	if false && valueOf(", 1500},
	{"claimed chunks are not read again", "assembly.go", "	if v != a.values[i] {\n		return true", "	if false {\n		return true", 1500},
	{"a chunk of a dead stream is forgotten", "feed.go", "		s.pool.again(c.f, c.i)\n", "", 1500},
	{"an end that comes before results", "receiver.go", "len(r.files) == 0 && ", "", 1500},
	{"a file gets its name before it is synced", "partial.go", "	if m.fsync {\n		if err := syncFile(p.file); err != nil {", "	if false {\n		if err := syncFile(p.file); err != nil {", 1500},
}

// TestSimulationFindsMutations builds each mutation and runs seeds until one
// fails. It takes long, so it runs in .ci/run only:
//
//	go test ./session -run SimulationFindsMutations -mutate -v
func TestSimulationFindsMutations(t *testing.T) {
	for _, m := range mutations {
		if src, err := os.ReadFile(m.file); err != nil || strings.Count(string(src), m.old) != 1 {
			t.Errorf("%s: it fits %s in no single place any more (%v): say it anew", m.what, m.file, err)
		}
	}
	if !*simMutate || t.Failed() {
		return
	}
	for _, m := range mutations {
		t.Run(m.what, func(t *testing.T) { m.run(t) })
	}
}

func (m mutation) run(t *testing.T) {
	dir := t.TempDir()
	here, err := os.Getwd()
	must(t, err)
	src, err := os.ReadFile(m.file)
	must(t, err)
	broken := filepath.Join(dir, m.file)
	must(t, os.WriteFile(broken, []byte(strings.Replace(string(src), m.old, m.new, 1)), 0o644))
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, m.file): broken}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644))
	program := filepath.Join(dir, "mutant.test")
	if out, err := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := simulators{behind: m.wantSeeds, program: program, once: true}
	s.run(t)
	if len(s.failed) == 0 {
		t.Fatalf("%d seeds do not find it", m.wantSeeds)
	}
	t.Logf("%.200s", s.failed[0].what)
}
