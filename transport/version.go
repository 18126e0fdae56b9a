package transport

import "fmt"

// Versions of the protocol inside ALPN bargee/1.
//
//	1  the first
//	2  ClientHello.keep and Admitted.kept: the client says whether the server
//	   shall store a grant for its key; a server of version 1 stores none
const (
	minVersion = 1
	maxVersion = 2

	versionKeep = 2 // the first that knows keep
)

// Versions is a range of protocol versions, both ends included. The zero
// Versions stands for all that this program speaks.
type Versions struct {
	Min, Max int
}

func (v Versions) orDefault() Versions {
	if v == (Versions{}) {
		return Versions{minVersion, maxVersion}
	}
	return v
}

// String returns v as 1, or 1 to 2.
func (v Versions) String() string {
	if v.Min == v.Max {
		return fmt.Sprint(v.Min)
	}
	return fmt.Sprintf("%d to %d", v.Min, v.Max)
}

// common returns the newest version that both ranges hold, or 0.
func (v Versions) common(w Versions) int {
	n := min(v.Max, w.Max)
	if n < max(v.Min, w.Min) || n < 1 {
		return 0
	}
	return n
}

// mismatch says what to do where ours and theirs hold no version in common.
func mismatch(ours, theirs Versions, peer string) error {
	who := "update bargee here"
	if theirs.Max < ours.Min {
		who = "update bargee there"
	}
	return fail(ErrVersion, "no common version: this side speaks %v, %s speaks %v: %s", ours, peer, theirs, who)
}
