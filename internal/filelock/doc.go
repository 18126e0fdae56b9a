// Package filelock locks open files and directories against other processes.
//
// A lock belongs to the descriptor: it ends with Close, or with the process,
// however that ends, and leaves nothing behind. It is advisory (flock(2);
// LockFileEx on Windows): who does not ask for it is not kept out. Within one
// process a file that was opened twice locks itself out, too.
//
// On Windows what is locked is one byte far behind any content, so that a locked
// file can be read, and directories cannot be locked.
package filelock

import "errors"

// ErrHeld says that somebody else has the lock.
var ErrHeld = errors.New("locked by another process")
