package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// lean is the memory that a copy or a server keeps to while it can: what the
// program itself takes comes on top of it, about 15 MiB.
const lean = 72 << 20

// stayLean has garbage collected before the memory in use grows beyond lean,
// where Go by itself would let it become as much as what is alive. Where more
// than that is alive, as with very many links or files, the bound follows, so
// that the collector never runs all the time.
//
// It is for commands whose memory is bounded otherwise; the screen does not
// call it. GOGC and GOMEMLIMIT are the user's say.
func stayLean() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetMemoryLimit(lean)
	afterCollections(func() { debug.SetMemoryLimit(leanLimit(metric("/gc/heap/live:bytes"))) })
}

// leanLimit returns the bound where so many bytes are alive: room for a third
// more of them, and for the stacks.
func leanLimit(live uint64) int64 {
	return max(lean, int64(live)*4/3+8<<20)
}

func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// afterCollections calls f now and then, shortly after a collection.
func afterCollections(f func()) {
	type canary struct{ _ [16]byte }
	var watch func(*canary)
	watch = func(c *canary) {
		f()
		runtime.SetFinalizer(c, watch)
	}
	runtime.SetFinalizer(&canary{}, watch)
}
