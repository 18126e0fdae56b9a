package preview

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"io"

	"github.com/bargee/bargee/tui/cells"
	"github.com/klauspost/compress/zstd"
)

// errEnough ends reading that has cost what it may.
var errEnough = errors.New("the rest was not read")

// An item is something in an archive.
type item struct {
	name string
	size int64
	dir  bool
}

// list lists an archive, or shows the beginning of what is compressed. It tells
// whether the file is such a thing.
func (c *Content) list(ctx context.Context, s Subject, l Limits) bool {
	if bytes.HasPrefix(s.Head, []byte("PK\x03\x04")) || bytes.HasPrefix(s.Head, []byte("PK\x05\x06")) {
		return c.listZip(ctx, s, l)
	}
	// In blocks: each reading of a peer's file is a round trip.
	all := io.NewSectionReader(NewWindow(s.scarce(ctx, l.Archive), s.Size), 0, s.Size)
	if isTar(s.Head) {
		c.Kind = cells.Say("tar archive")
		c.listTar(all, l) // it leaps from header to header
		return true
	}
	src := bufio.NewReaderSize(all, blockSize)
	plain, pack, stop, err := unpack(src, s.Head)
	if err != nil || plain == nil {
		return false
	}
	defer stop()
	out := &meter{r: plain, left: l.Unpack}
	head := make([]byte, 1024)
	n, _ := io.ReadFull(out, head)
	head = head[:n]
	if isTar(head) {
		c.Kind = cells.Sayf("tar archive%s", pack)
		c.listTar(io.MultiReader(bytes.NewReader(head), out), l)
		return true
	}
	rest, err := io.ReadAll(io.LimitReader(out, HeadSize-int64(len(head))))
	c.Text = append(head, rest...)
	c.Kind = cells.Sayf("compressed%s", pack)
	if len(c.Text) == 0 && err != nil {
		c.warn(cells.Sayf("it cannot be unpacked: %s", err))
		return true
	}
	c.Code = CodeOf(c.Text)
	c.Hex = c.Code == Binary
	return true
}

// unpack returns what comes of a stream, and by what it is packed; plain is nil
// if it is not packed.
func unpack(src io.Reader, head []byte) (plain io.Reader, pack cells.Text, stop func(), err error) {
	stop = func() {}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		plain, err = gzip.NewReader(src)
		return plain, cells.Say(", gzip"), stop, err
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, cells.Text{}, stop, err
		}
		return d, cells.Say(", zstd"), d.Close, nil
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(src), cells.Say(", bzip2"), stop, nil
	}
	return nil, cells.Text{}, stop, nil
}

func isTar(head []byte) bool { return len(head) >= 262 && string(head[257:262]) == "ustar" }

// meter is a reader of at most so many bytes.
type meter struct {
	r    io.Reader
	left int64
}

func (m *meter) Read(b []byte) (int, error) {
	if m.left <= 0 {
		return 0, errEnough
	}
	n, err := m.r.Read(b[:min(int64(len(b)), m.left)])
	m.left -= int64(n)
	return n, err
}

// listTar lists what comes first in a tar.
func (c *Content) listTar(r io.Reader, l Limits) {
	var items []item
	tr := tar.NewReader(r)
	more := false
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil || len(items) >= l.Entries {
			more = true
			break
		}
		items = append(items, item{h.Name, h.Size, h.Typeflag == tar.TypeDir})
	}
	c.items(items, more, -1)
}

// listZip lists a zip by the directory at its end.
func (c *Content) listZip(ctx context.Context, s Subject, l Limits) bool {
	c.Kind = cells.Say("zip archive")
	z, err := openZip(NewWindow(s.scarce(ctx, l.Archive), s.Size), s.Size)
	if err != nil {
		c.warn(cells.Sayf("it cannot be listed: %s", err))
		return true
	}
	var items []item
	for _, f := range z.File[:min(len(z.File), l.Entries)] {
		items = append(items, item{f.Name, int64(min(f.UncompressedSize64, 1<<62)), f.FileInfo().IsDir()})
	}
	c.items(items, len(z.File) > len(items), len(z.File))
	return true
}

// openZip reads the directory of a zip.
func openZip(r io.ReaderAt, size int64) (z *zip.Reader, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = zip.ErrFormat
		}
	}()
	z, err = zip.NewReader(r, size)
	if errors.Is(err, zip.ErrInsecurePath) { // the names are shown, nothing else
		err = nil
	}
	return z, err
}

// scarce returns the file, of which only so much may be read.
func (s Subject) scarce(ctx context.Context, most int64) *scarce {
	src := s.All
	if int64(len(s.Head)) >= s.Size {
		src = bytes.NewReader(s.Head)
	}
	return &scarce{ctx, src, most}
}

// scarce is a file of which only so much may be read.
type scarce struct {
	ctx  context.Context
	src  io.ReaderAt
	left int64
}

func (s *scarce) ReadAt(b []byte, off int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.left -= int64(len(b)); s.left < 0 {
		return 0, errEnough
	}
	return s.src.ReadAt(b, off)
}

// items writes what is in an archive; total is how many there are, -1 if nobody
// knows.
func (c *Content) items(items []item, more bool, total int) {
	count := cells.Sayf("%d items", len(items))
	if len(items) == 1 {
		count = cells.Say("1 item")
	}
	switch {
	case total > len(items):
		count = cells.Sayf("%d items, the first %d", total, len(items))
	case more:
		count = count.Plus(cells.Say(", and more"))
	}
	c.warn(count)
	for _, it := range items {
		look, size := Plain, SizeText(max(it.size, 0))
		if it.dir {
			look, size = Folder, cells.Say("DIR")
		}
		pad := cells.Say(" ").Times(7 - len(size.String()))
		c.Lines = append(c.Lines, Line{{pad.Plus(size, cells.Say("  ")), Dim}, {cells.Name(it.name), look}})
	}
}
