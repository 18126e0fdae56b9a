package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"lukechampine.com/blake3"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// kernel says what runs here.
func (o *doctorOptions) kernel(context.Context) finding {
	f := finding{Name: "system", Verdict: verdictOK}
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease") // elsewhere there is none
	name := strings.TrimSpace(runtime.GOOS + " " + strings.TrimSpace(string(release)))
	f.Value = fmt.Sprintf("%s on %s, %d cores, bargee %s", name, runtime.GOARCH, runtime.NumCPU(), version())
	f.Figures = map[string]float64{"cores": float64(runtime.NumCPU())}
	var major, minor int
	if n, _ := fmt.Sscanf(string(release), "%d.%d", &major, &minor); n == 2 && major < 5 {
		f.Verdict, f.Advice = verdictWarn, "from Linux 5.0 on a core receives twice as much UDP"
	}
	return f
}

// buffers says what the kernel grants a socket.
func (o *doctorOptions) buffers(context.Context) finding {
	f := finding{Name: "buffers"}
	r, err := transport.InspectSocket()
	switch {
	case err != nil:
		f.Verdict, f.Value = verdictFail, reason(err)
		return f
	case r.ReadBuffer == 0:
		f.Verdict, f.Value = verdictUnknown, "this system does not say"
		return f
	}
	f.Figures = map[string]float64{"read_bytes": float64(r.ReadBuffer), "write_bytes": float64(r.WriteBuffer), "wanted_bytes": float64(r.Wanted)}
	f.Verdict = verdictOK
	f.Value = fmt.Sprintf("%s in, %s out", humanize.IBytes(uint64(r.ReadBuffer)), humanize.IBytes(uint64(r.WriteBuffer)))
	if least := min(r.ReadBuffer, r.WriteBuffer); least < r.Wanted {
		f.Value += ", of " + humanize.IBytes(uint64(r.Wanted)) + " that are asked for"
		f.Advice = fmt.Sprintf("sysctl -w net.core.rmem_max=%[1]d net.core.wmem_max=%[1]d, and the same in /etc/sysctl.d", r.Wanted)
		if least < r.Wanted/4 {
			f.Verdict = verdictWarn
		}
	}
	return f
}

// batches says whether packets go in and out many at a time.
func (o *doctorOptions) batches(context.Context) finding {
	f := finding{Name: "offload", Verdict: verdictOK, Value: "GRO and GSO on: many packets in one call"}
	r, err := transport.InspectSocket()
	switch {
	case err != nil:
		f.Verdict, f.Value = verdictFail, reason(err)
	case !r.Batches:
		f.Verdict, f.Value = verdictUnknown, "Linux has them"
	case !r.GRO || !r.GSO:
		f.Verdict = verdictWarn
		f.Value = fmt.Sprintf("GRO %s, GSO %s", onOff(r.GRO), onOff(r.GSO))
		f.Advice = "a newer kernel has both: GSO from Linux 4.18 on, GRO from 5.0; sandboxes such as gVisor have neither"
	}
	return f
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// What machines do easily; below it is said.
const (
	slowHash = 500e6 // bytes a second of a core
	slowDisk = 100e6
)

// hashing measures how fast a core verifies.
func (o *doctorOptions) hashing(ctx context.Context) finding {
	block := make([]byte, 4<<20)
	start, done := time.Now(), 0
	for time.Since(start) < 300*time.Millisecond && ctx.Err() == nil {
		blake3.Sum256(block)
		done += len(block)
	}
	rate := float64(done) / time.Since(start).Seconds()
	f := finding{Name: "hash", Verdict: verdictOK, Value: "BLAKE3 " + humanize.Bytes(uint64(rate)) + "/s on one core",
		Figures: map[string]float64{"bytes_per_second": rate}}
	if rate < slowHash {
		f.Verdict, f.Advice = verdictWarn, "transfers are no faster than that for each core: is the machine busy, or without AVX2 or NEON?"
	}
	return f
}

// What is written to the disk to measure it.
const (
	diskMost = 256 << 20
	diskTime = 2 * time.Second
)

// disk measures how fast a file gets to the disk and back.
func (o *doctorOptions) disk(ctx context.Context) finding {
	f := finding{Name: "disk"}
	w, r, err := measureDisk(ctx, o.dir)
	if err != nil {
		f.Verdict, f.Value = verdictFail, session.Display(o.dir)+": "+reason(err)
		if errors.Is(err, os.ErrPermission) {
			f.Advice = "--dir names a directory that can be written"
		}
		return f
	}
	f.Verdict = verdictOK
	f.Value = fmt.Sprintf("%s: written and synced at %s/s, read at %s/s", session.Display(o.dir), humanize.Bytes(uint64(w)), humanize.Bytes(uint64(r)))
	f.Figures = map[string]float64{"write_bytes_per_second": w, "read_bytes_per_second": r}
	if w < slowDisk {
		f.Verdict, f.Advice = verdictWarn, "with --fsync, and for files that fill the memory, this is as fast as it gets; is the disk busy, or far away?"
	}
	return f
}

// measureDisk returns bytes a second of a new file in dir, which is removed.
func measureDisk(ctx context.Context, dir string) (write, read float64, err error) {
	f, err := os.CreateTemp(dir, ".bargee-doctor-")
	if err != nil {
		return 0, 0, err
	}
	defer func() {
		err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	}()
	block := make([]byte, 1<<20)
	for i := range block { // not to be compressed away
		block[i] = byte(i * i >> 7)
	}
	start, size := time.Now(), 0
	for size < diskMost && time.Since(start) < diskTime {
		if ctx.Err() != nil {
			return 0, 0, context.Cause(ctx)
		}
		n, err := f.Write(block)
		if err != nil {
			return 0, 0, err
		}
		size += n
	}
	if err := f.Sync(); err != nil {
		return 0, 0, err
	}
	write = float64(size) / time.Since(start).Seconds()
	dropCache(f)
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	start = time.Now()
	n, err := io.CopyBuffer(onlyWriter{io.Discard}, io.LimitReader(f, diskMost), block)
	return write, float64(n) / max(time.Since(start).Seconds(), 1e-9), err
}

// onlyWriter keeps io.CopyBuffer from looking for a faster way.
type onlyWriter struct{ io.Writer }
