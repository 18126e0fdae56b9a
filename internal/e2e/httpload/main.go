package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

func main() {
	n := flag.Int("n", 1000, "requests, all at once")
	flag.Parse()
	if flag.NArg() != 1 || *n < 1 {
		flag.Usage()
		os.Exit(2)
	}
	took, failed := load(*n, flag.Arg(0))
	slices.Sort(took)
	at := func(part float64) time.Duration {
		if len(took) == 0 {
			return 0
		}
		return took[int(part*float64(len(took)-1))].Round(100 * time.Microsecond)
	}
	fmt.Printf("%d answers, %d errors, p50 %v, p99 %v, longest %v\n", len(took), len(failed), at(0.5), at(0.99), at(1))
	if len(failed) > 0 {
		fmt.Println(failed[0])
		os.Exit(1)
	}
}

// load connects n times, and then asks at once on all connections. What it measures is
// from the request to the last byte of the answer.
func load(n int, url string) (took []time.Duration, failed []error) {
	var mu sync.Mutex
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	note := func(d time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = append(failed, err)
			return
		}
		took = append(took, d)
	}
	ready.Add(n)
	for range n {
		done.Go(func() {
			t := &http.Transport{DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext}
			defer t.CloseIdleConnections()
			err := get(t, url) // the connection is there then
			ready.Done()
			<-start
			began := time.Now()
			if err == nil {
				err = get(t, url)
			}
			note(time.Since(began), err)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return took, failed
}

func get(t *http.Transport, url string) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := t.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}
