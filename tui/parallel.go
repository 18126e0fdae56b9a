package tui

import "sync"

// inParallel calls f with each item, at most n at a time, and returns how many
// failed, and the error of the first of them. It runs in a command.
func inParallel[T any](n int, items []T, f func(T) error) (failed int, err error) {
	errs := make([]error, len(items))
	places := make(chan struct{}, n)
	var all sync.WaitGroup
	for i, x := range items {
		places <- struct{}{}
		all.Go(func() {
			errs[i] = f(x)
			<-places
		})
	}
	all.Wait()
	for _, e := range errs {
		if e != nil {
			if failed++; err == nil {
				err = e
			}
		}
	}
	return failed, err
}
