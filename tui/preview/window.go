package preview

import (
	"io"
	"slices"
	"sync"
)

// A Window reads a file in blocks and keeps the last ones, so that scrolling to
// and fro costs nothing: of a file at a peer nothing else crosses the link. Its
// methods may be called from several goroutines.
type Window struct {
	src  io.ReaderAt
	size int64

	mu     sync.Mutex
	blocks map[int64][]byte // by number
	used   []int64          // numbers, the one used last at the end
	read   int64
}

// Sizes of a Window: a block is more than most pages have, and all it keeps are
// 2 MiB.
const (
	blockSize = 16 << 10
	maxBlocks = 128
)

// NewWindow returns a window of a file of size bytes.
func NewWindow(src io.ReaderAt, size int64) *Window {
	return &Window{src: src, size: size, blocks: make(map[int64][]byte)}
}

// Size is how long the file is taken to be.
func (w *Window) Size() int64 { return w.size }

// BytesRead is how much was read of the file so far.
func (w *Window) BytesRead() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.read
}

// ReadAt implements io.ReaderAt.
func (w *Window) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 || off >= w.size {
		return 0, io.EOF
	}
	end := min(off+int64(len(b)), w.size)
	first, last := off/blockSize, (end-1)/blockSize
	if first+maxBlocks/2 <= last { // more than it keeps: straight from the file
		return w.through(b[:end-off], off)
	}
	if err := w.fetch(first, last); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := first; i <= last && off < end; i++ {
		block := w.blocks[i]
		from := min(off-i*blockSize, int64(len(block)))
		k := copy(b[n:end-off+int64(n)], block[from:])
		n, off = n+k, off+int64(k)
		if len(block) < blockSize {
			break // the last one, or the file became shorter
		}
	}
	if n < len(b) {
		err = io.EOF
	}
	return n, err
}

func (w *Window) through(b []byte, off int64) (int, error) {
	n, err := w.src.ReadAt(b, off)
	w.mu.Lock()
	w.read += int64(n)
	w.mu.Unlock()
	return n, err
}

// fetch reads the blocks from first to last that are not there, those that lie
// together at once.
func (w *Window) fetch(first, last int64) error {
	for i := first; i <= last; {
		if w.touch(i) {
			i++
			continue
		}
		end := i + 1
		for end <= last && !w.has(end) {
			end++
		}
		from, to := i*blockSize, min(end*blockSize, w.size)
		b := make([]byte, to-from)
		n, err := w.src.ReadAt(b, from)
		if err != nil && (err != io.EOF || n == 0) {
			return err
		}
		w.keep(i, b[:n])
		i = end
	}
	return nil
}

func (w *Window) has(i int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.blocks[i] != nil
}

// touch tells whether a block is there, and that it is in use.
func (w *Window) touch(i int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.blocks[i] == nil {
		return false
	}
	w.use(i)
	return true
}

func (w *Window) use(i int64) {
	if k := slices.Index(w.used, i); k >= 0 {
		w.used = slices.Delete(w.used, k, k+1)
	}
	w.used = append(w.used, i)
}

// keep takes in what was read from block i on, and forgets the oldest.
func (w *Window) keep(i int64, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read += int64(len(b))
	for ; len(b) > 0; i++ {
		n := min(len(b), blockSize)
		w.blocks[i] = b[:n:n]
		w.use(i)
		b = b[n:]
	}
	for len(w.used) > maxBlocks {
		delete(w.blocks, w.used[0])
		w.used = w.used[1:]
	}
}
