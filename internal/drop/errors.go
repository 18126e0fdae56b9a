package drop

import "errors"

// What can be wrong with a drop. Errors of this package match one of these.
var (
	// ErrDamaged: bytes are not those that were sealed there. The key is another
	// one, or somebody changed, moved, cut or replaced them.
	ErrDamaged = errors.New("damaged, or of another drop")

	// ErrVersion: a newer version made it.
	ErrVersion = errors.New("made by a newer version")

	// ErrLimit: more than a limit of this package allows.
	ErrLimit = errors.New("over a limit")

	// ErrInvalid: not what it should be, though it was sealed so.
	ErrInvalid = errors.New("malformed")
)
