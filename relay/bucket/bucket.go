package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// A Bucket keeps objects. Its errors are, by errors.Is, fs.ErrNotExist and those
// below, or what the disk said.
type Bucket interface {
	// Put stores size bytes of r under key. A body of another length is ErrLength;
	// an error of r's is returned, and what it gave is not kept.
	Put(ctx context.Context, key string, size int64, r io.Reader, c Condition) (Object, error)
	// Open returns a reader of the object, which the caller closes. It may seek
	// anywhere; where objects are far away each seek that reads is a request.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, Object, error)
	Stat(ctx context.Context, key string) (Object, error)
	// Delete removes an object; that there is none is no error.
	Delete(ctx context.Context, key string) error
	// DeleteAll removes all objects whose keys begin with "dir/". Objects that are
	// put below it meanwhile may stay.
	DeleteAll(ctx context.Context, dir string) error
	// List yields the objects whose keys begin with "dir/", in no order; "" is all.
	// Objects that come and go meanwhile may be left out. ETag may be "".
	List(ctx context.Context, dir string) iter.Seq2[Object, error]
	// Names yields the names that follow "dir/" in keys, each once: of objects and of
	// what is a level for others.
	Names(ctx context.Context, dir string) iter.Seq2[string, error]
	// Free returns how many bytes there is room for, where that is known.
	Free(ctx context.Context) (bytes int64, known bool)
	// Shared tells whether other processes may change the objects.
	Shared() bool
	Close() error
}

// A Condition is what must be so for Put to store; the zero value: nothing.
type Condition struct {
	IfAbsent bool   // else ErrExists
	IfMatch  string // the ETag of what is replaced, else ErrChanged
}

// An Object is what is known of one.
type Object struct {
	Key      string
	Size     int64
	ETag     string // another one whenever the content is another; without quotes
	Modified time.Time
}

// Errors of buckets.
var (
	ErrExists      = errors.New("there is an object of that name")
	ErrChanged     = errors.New("the object has changed")
	ErrLength      = errors.New("the body is not as long as was announced")
	ErrNoSpace     = errors.New("no space left in the store")
	ErrUnavailable = errors.New("the store cannot be reached") // or does not answer in time, or is busy: worth another try
	ErrRefused     = errors.New("the store refuses")           // our keys, the bucket's name: for a person to mend
	ErrInUse       = errors.New("another process uses the directory")
	ErrKey         = errors.New("not a key of an object")
)

// ReadAll returns an object whole, if it is no longer than limit.
func ReadAll(ctx context.Context, b Bucket, key string, limit int64) ([]byte, Object, error) {
	r, o, err := b.Open(ctx, key)
	if err != nil {
		return nil, o, err
	}
	defer r.Close()
	if o.Size > limit {
		return nil, o, fmt.Errorf("%s: %d bytes, at most %d are read: %w", key, o.Size, limit, ErrLength)
	}
	content := make([]byte, o.Size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, o, fmt.Errorf("%s: %w", key, err)
	}
	return content, o, nil
}

const (
	longestKey  = 512
	longestName = 128
)

// checkKey says what is wrong with a key.
func checkKey(key string) error {
	if len(key) > longestKey {
		return fmt.Errorf("%w: %d bytes", ErrKey, len(key))
	}
	for name := range strings.SplitSeq(key, "/") {
		if name == "" || len(name) > longestName || name[0] == '.' {
			return fmt.Errorf("%w: %q", ErrKey, key)
		}
		for i := range len(name) {
			if strings.IndexByte(nameLetters, name[i]) < 0 {
				return fmt.Errorf("%w: %q", ErrKey, key)
			}
		}
	}
	return nil
}

const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
