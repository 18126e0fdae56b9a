package preview

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// of previews a file that is all there, and counts what is read besides its head.
func of(t testing.TB, content []byte, l Limits) (Content, *counted) {
	t.Helper()
	src := &counted{ReaderAt: bytes.NewReader(content)}
	head := content[:min(len(content), HeadSize)]
	return Of(context.Background(), Subject{Name: "x", Size: int64(len(content)), Head: head, All: src}, l), src
}

type counted struct {
	io.ReaderAt
	n int64
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

func shown(c Content) string {
	var b strings.Builder
	for _, l := range c.Rows(60, 1000, ansi.WcWidth) {
		b.WriteString(l.String() + "\n")
	}
	return b.String()
}

func drawing(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), 128, 255})
		}
	}
	return img
}

func TestPictures(t *testing.T) {
	for name, encode := range map[string]func(io.Writer, image.Image) error{
		"png": png.Encode, "bmp": bmp.Encode,
		"jpeg": func(w io.Writer, i image.Image) error { return jpeg.Encode(w, i, nil) },
		"gif":  func(w io.Writer, i image.Image) error { return gif.Encode(w, i, nil) },
		"tiff": func(w io.Writer, i image.Image) error { return tiff.Encode(w, i, nil) },
	} {
		var b bytes.Buffer
		if err := encode(&b, drawing(300, 200)); err != nil {
			t.Fatal(err)
		}
		c, _ := of(t, b.Bytes(), DefaultLimits)
		if want := name + " picture, 300 x 200"; c.Kind.String() != want || c.Picture == nil {
			t.Errorf("%s: %q, %v, want %q", name, c.Kind, c.Picture, want)
			continue
		}
		rows := c.Picture.Blocks(40, 20, Many)
		if len(rows) != 13 || len(rows[0]) != 40 {
			t.Errorf("%s: %d rows of %d", name, len(rows), len(rows[0]))
		}
		r, _, _, _ := rows[0][0].Upper.RGBA()
		far, _, _, _ := rows[0][39].Upper.RGBA()
		if r > far {
			t.Errorf("%s: the left is redder than the right", name)
		}
		for _, row := range c.Picture.Blocks(40, 20, Sixteen) {
			for _, block := range row {
				if _, ok := block.Upper.(ansi.BasicColor); !ok {
					t.Fatalf("%s: %v is none of sixteen", name, block.Upper)
				}
			}
		}
		if c.Picture.Blocks(40, 20, NoColour) != nil {
			t.Error("a picture without colours")
		}
		cut, _ := of(t, b.Bytes()[:b.Len()/2], DefaultLimits)
		if cut.Picture == nil && shown(cut) == "" {
			t.Errorf("%s: half of it says nothing", name)
		}
	}
}

// A header that claims more than the limits is believed, and nothing decoded.
func TestPicturesThatAreBombs(t *testing.T) {
	head := func(w, h uint32) []byte {
		var b bytes.Buffer
		png.Encode(&b, drawing(1, 1))
		raw := b.Bytes()
		binary.BigEndian.PutUint32(raw[16:], w)
		binary.BigEndian.PutUint32(raw[20:], h)
		binary.BigEndian.PutUint32(raw[29:], crc32.ChecksumIEEE(raw[12:29]))
		return raw
	}
	for _, size := range [][2]uint32{{60_000, 60_000}, {1 << 30, 1}, {1, 1 << 30}, {1<<31 - 1, 1<<31 - 1}} {
		c, src := of(t, head(size[0], size[1]), DefaultLimits)
		if c.Picture != nil || src.n > 0 {
			t.Errorf("%v: %q, %d bytes read", size, c.Kind, src.n)
		}
	}
	large := append(head(100, 100), make([]byte, 40<<20)...)
	c, src := of(t, large, DefaultLimits)
	if c.Picture != nil || src.n > 0 || !strings.Contains(shown(c), "more than 32.0M: not shown") {
		t.Errorf("40 MiB: %q, %d bytes read", shown(c), src.n)
	}
}

func tarOf(names ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, n := range names {
		h := &tar.Header{Name: n, Size: 3000, Mode: 0o644, Typeflag: tar.TypeReg}
		if strings.HasSuffix(n, "/") {
			h.Size, h.Typeflag = 0, tar.TypeDir
		}
		w.WriteHeader(h)
		w.Write(make([]byte, h.Size))
	}
	w.Close()
	return b.Bytes()
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zstded(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(b, nil)
}

func zipOf(n int) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := range n {
		f, _ := w.Create(fmt.Sprintf("dir/file %d\x1b[2J", i))
		f.Write(make([]byte, 5000))
	}
	w.Close()
	return b.Bytes()
}

func TestArchives(t *testing.T) {
	files := tarOf("dir/", "dir/one", "../../evil\x1b]0;x\x07")
	for name, b := range map[string][]byte{"tar archive": files, "tar archive, gzip": gzipped(files), "tar archive, zstd": zstded(files)} {
		c, _ := of(t, b, DefaultLimits)
		got := shown(c)
		if c.Kind.String() != name || !strings.Contains(got, "3 items") || !strings.Contains(got, "2.9K  dir/one") ||
			!strings.Contains(got, "DIR  dir/") || !strings.Contains(got, `../../evil\x1b]0;x\x07`) {
			t.Errorf("%s: %q\n%s", name, c.Kind, got)
		}
	}
	c, src := of(t, zipOf(3000), FarLimits)
	if got := shown(c); !strings.Contains(got, "3000 items, the first 1000") || !strings.Contains(got, `4.9K  dir/file 0\x1b[2J`) {
		t.Errorf("zip: %.200s", got)
	}
	if src.n > 512<<10 {
		t.Errorf("zip: %d bytes were read", src.n)
	}
	c, _ = of(t, gzipped([]byte("plain words\n")), DefaultLimits)
	if c.Kind.String() != "compressed, gzip" || shown(c) != "plain words\n" {
		t.Errorf("gzip: %q %q", c.Kind, shown(c))
	}
}

// What unpacks to gigabytes costs what a preview shows of it.
func TestArchivesThatAreBombs(t *testing.T) {
	var bomb bytes.Buffer
	w, _ := gzip.NewWriterLevel(&bomb, 9)
	tw := tar.NewWriter(w)
	tw.WriteHeader(&tar.Header{Name: "vast", Size: 1 << 28, Mode: 0o644})
	io.CopyN(tw, endless("\x00"), 1<<28)
	tw.WriteHeader(&tar.Header{Name: "never reached", Size: 1, Mode: 0o644})
	tw.Write([]byte{0})
	tw.Close()
	w.Close()
	c, _ := of(t, bomb.Bytes(), DefaultLimits)
	if got := shown(c); !strings.Contains(got, "1 item, and more") || strings.Contains(got, "never") {
		t.Errorf("%q", got)
	}
	// A zip whose end tells of a directory that is not there.
	lie := zipOf(2)
	for _, at := range []int{10, 12, 16} { // counts, size, offset
		b := bytes.Clone(lie)
		copy(b[len(b)-22+at:], []byte{0xff, 0xff, 0xff, 0x7f})
		c, _ := of(t, b, DefaultLimits)
		shown(c)
	}
}

func (e endless) Read(b []byte) (int, error) { return e.ReadAt(b, 0) }

func TestOthers(t *testing.T) {
	for content, want := range map[string]string{
		"":                    "empty",
		"words\n":             "text/plain",
		"%PDF-1.7\n%\xe2\xe3": "application/pdf",
		"SQLite format 3\x00": "application/vnd.sqlite3",
		"\x7fELF\x02\x01\x01": "application/x-elf",
	} {
		c, _ := of(t, []byte(content), DefaultLimits)
		if got := c.Kind.String(); got != want {
			t.Errorf("%q is %q, want %q", content, got, want)
		}
	}
}

// FuzzPreview looks at any bytes: it ends, within its limits, and nothing of it
// steers a terminal.
func FuzzPreview(f *testing.F) {
	var b bytes.Buffer
	png.Encode(&b, drawing(8, 8))
	f.Add(b.Bytes())
	b.Reset()
	gif.Encode(&b, drawing(8, 8), nil)
	f.Add(bytes.Clone(b.Bytes()))
	b.Reset()
	tiff.Encode(&b, drawing(8, 8), nil)
	f.Add(bytes.Clone(b.Bytes()))
	f.Add(tarOf("a", "b/"))
	f.Add(gzipped(tarOf("a")))
	f.Add(zstded([]byte("text")))
	f.Add(zipOf(2))
	f.Add([]byte("BZh91AY&SY"))
	f.Fuzz(func(t *testing.T, content []byte) {
		l := Limits{Picture: 1 << 20, Pixels: 1 << 16, Archive: 64 << 10, Unpack: 256 << 10, Entries: 20}
		c, src := of(t, content, l)
		if src.n > 2<<20 {
			t.Fatalf("%d bytes were read", src.n)
		}
		for _, line := range c.Rows(30, 20, ansi.WcWidth) {
			for _, r := range line.String() {
				if r < ' ' || r >= 0x7f && r < 0xa0 {
					t.Fatalf("%q has %q", line, r)
				}
			}
		}
		if c.Picture != nil {
			c.Picture.Blocks(10, 5, Sixteen)
		}
	})
}
