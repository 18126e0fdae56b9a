//go:build darwin || freebsd

package session

import "os"

// flip swaps two names, in three steps.
func flip(a, b string) error {
	for _, step := range [][2]string{{a, a + "~"}, {b, a}, {a + "~", b}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			return err
		}
	}
	return nil
}

// makeDevice: the numbers of devices are each BSD's own.
func makeDevice(string) error { return os.ErrPermission }
