package session

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// BenchmarkDelta replaces a file by one with 1 MiB more in its middle.
func BenchmarkDelta(b *testing.B) {
	const size = 512 << 20
	here, there := scratch(b), scratch(b)
	bed := quicBed(b, here, there, 1)
	old := fill(b, filepath.Join(there, "old"), size, 1)
	next := slices.Insert(slices.Clone(old), size/2, content(1<<20)...)
	musts(b)(os.WriteFile(filepath.Join(here, "file"), next, 0o644))
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer()
		musts(b)(os.WriteFile(filepath.Join(there, "file"), old, 0o644))
		b.StartTimer()
		if tr := bed.run(bed.overwriting("file")); tr.State != StateDone || tr.Failures > 0 || tr.Sent > 3<<20 {
			b.Fatalf("%v %v, %d bytes were sent", tr.State, tr.Failed, tr.Sent)
		}
	}
}
