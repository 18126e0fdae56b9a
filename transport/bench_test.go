package transport

import (
	"fmt"
	"io"
	"sync"
	"testing"
)

// BenchmarkPump moves bytes from memory to memory over loopback, both ends in
// this process: what is left when disks and hashes cost nothing.
func BenchmarkPump(b *testing.B) {
	for _, lanes := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			from, to := quicPair(b, lanes)
			pump(b, from, to, 2*lanes)
		})
	}
	b.Run("pipe", func(b *testing.B) {
		from, to := Pipe()
		defer from.Close("")
		pump(b, from, to, 2)
	})
}

// pump sends 64 MiB in each round, spread over streams.
func pump(b *testing.B, from, to Link, streams int) {
	const round = 64 << 20
	chunk := make([]byte, 256<<10)
	b.SetBytes(round)
	for b.Loop() {
		var wait sync.WaitGroup
		for range streams {
			wait.Go(func() {
				s, err := from.OpenStream(b.Context(), Bulk)
				if err != nil {
					b.Error(err)
					return
				}
				for sent := 0; sent < round/streams; sent += len(chunk) {
					if _, err := s.Write(chunk); err != nil {
						b.Error(err)
						return
					}
				}
				s.Close()
				io.Copy(io.Discard, s)
			})
			wait.Go(func() {
				s, err := to.AcceptStream(b.Context())
				if err != nil {
					b.Error(err)
					return
				}
				buf := make([]byte, 256<<10)
				for err == nil {
					_, err = s.Read(buf)
				}
				s.Close()
			})
		}
		wait.Wait()
	}
}
