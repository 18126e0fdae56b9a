package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// What Prometheus reads, in its text format, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/. Its client for Go would
// be 0.6 MB of the program, for numbers that are all read when somebody asks.

// A metricDesc names a metric, and says what it means.
type metricDesc struct {
	name, help string
	kind       metricKind
	label      string // of each of its values; "": there is one value
}

type metricKind string

const (
	gaugeMetric   metricKind = "gauge"
	counterMetric metricKind = "counter"
)

// A metricSource tells its numbers when it is asked.
type metricSource interface {
	collect(emit func(d *metricDesc, value float64, label string))
}

// metricsOf is /metrics of a role, of its process and of Go's runtime.
func metricsOf(role metricSource) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(expose(role, processMetrics{})) // who asked may be gone
	})
}

// expose writes what sources tell: the values of a metric together, below its head.
func expose(sources ...metricSource) []byte {
	var order []*metricDesc
	lines := map[*metricDesc]*bytes.Buffer{}
	for _, s := range sources {
		s.collect(func(d *metricDesc, value float64, label string) {
			b := lines[d]
			if b == nil {
				b = &bytes.Buffer{}
				fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", d.name, d.help, d.name, d.kind)
				lines[d], order = b, append(order, d)
			}
			b.WriteString(d.name)
			if d.label != "" {
				b.WriteString("{" + d.label + "=\"" + labelEscapes.Replace(strings.ToValidUTF8(label, "\uFFFD")) + "\"}")
			}
			b.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
		})
	}
	var all []byte
	for _, d := range order {
		all = append(all, lines[d].Bytes()...)
	}
	return all
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// processMetrics are those of this process, under the names that all programs use. What
// a system does not tell in /proc is left out.
type processMetrics struct{}

var (
	processStarted    = time.Now()
	processStart      = &metricDesc{"process_start_time_seconds", "When the process started, in seconds since 1970.", gaugeMetric, ""}
	processCPU        = &metricDesc{"process_cpu_seconds_total", "Seconds of processors that it used.", counterMetric, ""}
	processMemory     = &metricDesc{"process_resident_memory_bytes", "Memory that it has.", gaugeMetric, ""}
	processFiles      = &metricDesc{"process_open_fds", "File descriptors that are open.", gaugeMetric, ""}
	runtimeGoroutines = &metricDesc{"go_goroutines", "Goroutines.", gaugeMetric, ""}
	runtimeHeap       = &metricDesc{"go_memstats_heap_alloc_bytes", "Memory that is in use by objects.", gaugeMetric, ""}
	runtimeSystem     = &metricDesc{"go_memstats_sys_bytes", "Memory that was got from the system.", gaugeMetric, ""}
	runtimeGC         = &metricDesc{"go_gc_cycles_total", "Collections of garbage.", counterMetric, ""}
)

// ticksASecond is what Linux counts processor time in, for programs, on all machines
// that Go runs on.
const ticksASecond = 100

func (processMetrics) collect(emit func(*metricDesc, float64, string)) {
	emit(processStart, float64(processStarted.UnixNano())/1e9, "")
	if stat, err := os.ReadFile("/proc/self/stat"); err == nil {
		// Fields follow the name, which is in parentheses and may have any letter.
		if f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])); len(f) > 12 {
			user, _ := strconv.ParseUint(f[11], 10, 64)
			system, _ := strconv.ParseUint(f[12], 10, 64)
			emit(processCPU, float64(user+system)/ticksASecond, "")
		}
	}
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(statm)); len(f) > 1 {
			pages, _ := strconv.ParseUint(f[1], 10, 64)
			emit(processMemory, float64(pages)*float64(os.Getpagesize()), "")
		}
	}
	if open, err := os.ReadDir("/proc/self/fd"); err == nil {
		emit(processFiles, float64(len(open)-1), "") // but for the one that read this
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	emit(runtimeGoroutines, float64(runtime.NumGoroutine()), "")
	emit(runtimeHeap, float64(m.HeapAlloc), "")
	emit(runtimeSystem, float64(m.Sys), "")
	emit(runtimeGC, float64(m.NumGC), "")
}
