package transport

import "time"

// A Grant lets a key enter (as a line of ssh's authorized_keys does).
type Grant struct {
	Key     Fingerprint
	Tree    string // absolute path of the served directory it is for
	Origin  string // id of the token, code or phrase that made it; revoked with it
	Created time.Time
	Expires time.Time // zero: never
}
