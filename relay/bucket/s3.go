package bucket

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// An S3 is a Bucket in an object store that speaks S3 and knows If-None-Match (AWS,
// MinIO, versitygw, Ceph, R2 do), below a prefix. Other relays may have the same.
//
// A body is in memory before it is sent, in parts of 16 MiB where it is longer: so a
// request that failed can be sent again, and a body that is not as announced is never
// sent to its end. All that are being put together have 64 MiB.
type S3 struct {
	client *s3Client
	prefix string // "" or ends in a slash
	memory *semaphore.Weighted
	part   int64
}

const (
	s3Memory  = 64 << 20
	s3Part    = 16 << 20
	mostParts = 10000
	s3Workers = 16 // requests at a time, where many objects are removed
)

// OpenS3 opens a store, and makes sure that it is there and refuses to put an object
// over another one where it is told so: downloads are counted by that.
func OpenS3(ctx context.Context, o S3Options) (*S3, error) {
	s := &S3{client: newS3Client(o), prefix: o.Prefix, memory: semaphore.NewWeighted(s3Memory), part: s3Part}
	if err := s.probe(ctx); err != nil {
		return nil, fmt.Errorf("the store %s: %w", o, err)
	}
	return s, nil
}

// probe puts an object twice where none may be.
func (s *S3) probe(ctx context.Context) error {
	key := "probe-" + rand.Text()
	put := func() error {
		_, err := s.Put(ctx, key, 0, strings.NewReader(""), Condition{IfAbsent: true})
		return err
	}
	first := put()
	if first != nil && !errors.Is(first, ErrExists) { // of a request that was sent twice
		return first
	}
	second := put()
	if err := s.Delete(ctx, key); err != nil {
		return err
	}
	if !errors.Is(second, ErrExists) {
		return errors.Join(errors.New("it does not know If-None-Match, so that downloads could not be counted"), second)
	}
	return nil
}

// Shared is true.
func (s *S3) Shared() bool { return true }

// Free is not known: a store of this kind has as much as is paid for.
func (s *S3) Free(context.Context) (int64, bool) { return 0, false }

// Close does nothing: connections that are idle end by themselves.
func (s *S3) Close() error { return nil }

// Put sends an object.
func (s *S3) Put(ctx context.Context, key string, size int64, r io.Reader, c Condition) (Object, error) {
	if err := checkKey(key); err != nil {
		return Object{}, err
	}
	if size > s.part*mostParts {
		return Object{}, fmt.Errorf("%s: %d bytes, at most %d: %w", key, size, s.part*mostParts, ErrNoSpace)
	}
	mine := min(max(size, 1<<10), s.part)
	if err := s.memory.Acquire(ctx, mine); err != nil {
		return Object{}, err
	}
	defer s.memory.Release(mine)
	put := s.putWhole
	if size > s.part {
		put = s.putParts
	}
	etag, err := put(ctx, key, size, &exact{r: r, left: size}, c)
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", key, err)
	}
	return Object{Key: key, Size: size, ETag: etag, Modified: time.Now()}, nil
}

// headers says a condition in the words of HTTP.
func (c Condition) headers() http.Header {
	h := http.Header{}
	if c.IfAbsent {
		h.Set("If-None-Match", "*")
	}
	if c.IfMatch != "" {
		h.Set("If-Match", `"`+c.IfMatch+`"`)
	}
	return h
}

func etagOf(h http.Header) string { return strings.Trim(h.Get("ETag"), `"`) }

func (s *S3) putWhole(ctx context.Context, key string, size int64, body io.Reader, c Condition) (string, error) {
	content, err := readPart(body, size)
	if err != nil {
		return "", err
	}
	h, err := s.client.ask(ctx, s3Request{method: http.MethodPut, key: s.prefix + key, header: c.headers(), body: content}, nil)
	if err != nil {
		return "", s.broken(err, c)
	}
	return etagOf(h), nil
}

// readPart reads n bytes, into memory that grows with what comes: to announce costs
// nothing. The body ends with it, or goes on.
func readPart(body io.Reader, n int64) ([]byte, error) {
	var b bytes.Buffer
	got, err := io.Copy(&b, io.LimitReader(body, n))
	if err == nil && n == 0 {
		_, err = io.Copy(io.Discard, body)
	}
	if err == nil && got < n {
		err = ErrLength
	}
	return b.Bytes(), err
}

func (s *S3) putParts(ctx context.Context, key string, size int64, body io.Reader, c Condition) (string, error) {
	if err := s.mayPut(ctx, key, c); err != nil { // also where only the end of parts is asked
		return "", err
	}
	key = s.prefix + key
	var begun struct {
		UploadID string `xml:"UploadId"`
	}
	if _, err := s.client.ask(ctx, s3Request{method: http.MethodPost, key: key, query: url.Values{"uploads": {""}}}, &begun); err != nil {
		return "", s.broken(err, c)
	}
	upload := url.Values{"uploadId": {begun.UploadID}}
	parts, err := s.sendParts(ctx, key, begun.UploadID, size, body)
	if err == nil {
		var content []byte
		if content, err = xml.Marshal(parts); err == nil {
			var ended struct{ ETag string }
			_, err = s.client.ask(ctx, s3Request{method: http.MethodPost, key: key, query: upload, header: c.headers(), body: content}, &ended)
			if err == nil {
				return strings.Trim(ended.ETag, `"`), nil
			}
			err = s.broken(err, c)
		}
	}
	aborted, cancel := context.WithTimeout(context.WithoutCancel(ctx), s3Idle)
	defer cancel()
	_, _ = s.client.ask(aborted, s3Request{method: http.MethodDelete, key: key, query: upload}, nil) // stores have rules for those that stay
	return "", err
}

// A completion is what the parts of an upload are put together by.
type completion struct {
	XMLName xml.Name        `xml:"CompleteMultipartUpload"`
	Parts   []completedPart `xml:"Part"`
}

type completedPart struct {
	PartNumber int
	ETag       string
}

func (s *S3) sendParts(ctx context.Context, key, id string, size int64, body io.Reader) (c completion, err error) {
	for n := 1; size > 0; n++ {
		content, err := readPart(body, min(size, s.part))
		if err != nil {
			return c, err
		}
		size -= int64(len(content))
		h, err := s.client.ask(ctx, s3Request{method: http.MethodPut, key: key, body: content,
			query: url.Values{"partNumber": {strconv.Itoa(n)}, "uploadId": {id}}}, nil)
		if err != nil {
			return c, s.broken(err, Condition{})
		}
		c.Parts = append(c.Parts, completedPart{PartNumber: n, ETag: h.Get("ETag")})
	}
	return c, nil
}

// mayPut looks whether a condition holds now.
func (s *S3) mayPut(ctx context.Context, key string, c Condition) error {
	if c == (Condition{}) {
		return nil
	}
	o, err := s.Stat(ctx, key)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case c.IfAbsent && err == nil:
		return ErrExists
	case c.IfMatch != "" && (err != nil || o.ETag != c.IfMatch):
		return ErrChanged
	}
	return nil
}

// Open asks for an object, from its beginning on.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, Object, error) {
	if err := checkKey(key); err != nil {
		return nil, Object{}, err
	}
	body, o, err := s.get(ctx, key, 0, "")
	if err != nil {
		return nil, Object{}, err
	}
	return &ranged{body: body, size: o.Size, open: func(at int64) (io.ReadCloser, error) {
		body, _, err := s.get(ctx, key, at, o.ETag)
		return body, err
	}}, o, nil
}

// get reads an object from a place on; of a certain content, where etag is not "".
func (s *S3) get(ctx context.Context, key string, at int64, etag string) (io.ReadCloser, Object, error) {
	c := Condition{IfMatch: etag}
	r := s3Request{method: http.MethodGet, key: s.prefix + key, header: c.headers()}
	if at > 0 {
		r.header.Set("Range", fmt.Sprintf("bytes=%d-", at))
	}
	answer, err := s.client.do(ctx, r)
	if err != nil {
		return nil, Object{}, fmt.Errorf("%s: %w", key, s.broken(err, c))
	}
	if at > 0 && answer.StatusCode != http.StatusPartialContent {
		answer.Body.Close()
		return nil, Object{}, fmt.Errorf("%s: the store gives no part of an object", key)
	}
	return &unavailing{answer.Body}, objectOfS3(key, answer), nil
}

// unavailing is a body whose errors are those of the store.
type unavailing struct{ io.ReadCloser }

func (u *unavailing) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, context.Canceled) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return n, err
}

func objectOfS3(key string, answer *http.Response) Object {
	modified, _ := http.ParseTime(answer.Header.Get("Last-Modified")) // of use to nobody who needs to be sure
	return Object{Key: key, Size: answer.ContentLength, ETag: etagOf(answer.Header), Modified: modified}
}

// Stat asks for an object's head.
func (s *S3) Stat(ctx context.Context, key string) (Object, error) {
	if err := checkKey(key); err != nil {
		return Object{}, err
	}
	answer, err := s.client.do(ctx, s3Request{method: http.MethodHead, key: s.prefix + key})
	if err != nil {
		return Object{}, fmt.Errorf("%s: %w", key, s.broken(err, Condition{}))
	}
	answer.Body.Close()
	return objectOfS3(key, answer), nil
}

// Delete removes an object.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := s.client.ask(ctx, s3Request{method: http.MethodDelete, key: s.prefix + key}, nil)
	if err = s.broken(err, Condition{}); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// DeleteAll removes objects, several at a time.
func (s *S3) DeleteAll(ctx context.Context, dir string) error {
	if err := checkKey(dir); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s3Workers)
	for o, err := range s.List(ctx, dir) {
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error { return s.Delete(ctx, o.Key) })
	}
	return group.Wait()
}

// List asks for keys, a thousand at a time.
func (s *S3) List(ctx context.Context, dir string) iter.Seq2[Object, error] {
	return s.list(ctx, dir, true)
}

// Names asks for keys up to the next slash.
func (s *S3) Names(ctx context.Context, dir string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o, err := range s.list(ctx, dir, false) {
			if !yield(path.Base(o.Key), err) || err != nil {
				return
			}
		}
	}
}

// A listing is a page of keys.
type listing struct {
	IsTruncated           bool
	NextContinuationToken string
	Contents              []struct {
		Key          string
		Size         int64
		ETag         string
		LastModified time.Time
	}
	CommonPrefixes []struct{ Prefix string }
}

func (s *S3) list(ctx context.Context, dir string, deep bool) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		query := url.Values{"list-type": {"2"}, "prefix": {s.prefix}}
		if dir != "" {
			if err := checkKey(dir); err != nil {
				yield(Object{}, err)
				return
			}
			query.Set("prefix", s.prefix+dir+"/")
		}
		if !deep {
			query.Set("delimiter", "/")
		}
		for {
			var page listing
			if _, err := s.client.ask(ctx, s3Request{method: http.MethodGet, query: query}, &page); err != nil {
				yield(Object{}, s.broken(err, Condition{}))
				return
			}
			if !s.turn(&page, yield) || !page.IsTruncated || page.NextContinuationToken == "" {
				return
			}
			query.Set("continuation-token", page.NextContinuationToken)
		}
	}
}

// turn yields what is on a page, as long as it is wanted.
func (s *S3) turn(page *listing, yield func(Object, error) bool) bool {
	for _, c := range page.Contents {
		if strings.HasSuffix(c.Key, "/") {
			continue // what other programs make to have a directory
		}
		o := Object{Key: strings.TrimPrefix(c.Key, s.prefix), Size: c.Size, ETag: strings.Trim(c.ETag, `"`), Modified: c.LastModified}
		if !yield(o, nil) {
			return false
		}
	}
	for _, c := range page.CommonPrefixes {
		if !yield(Object{Key: strings.TrimPrefix(strings.TrimSuffix(c.Prefix, "/"), s.prefix)}, nil) {
			return false
		}
	}
	return true
}

// broken says in this package's words what a store said; c is what was asked of it.
func (s *S3) broken(err error, c Condition) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var said *s3Error
	if !errors.As(err, &said) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch {
	case said.Status == http.StatusPreconditionFailed && c.IfAbsent:
		return ErrExists
	case said.Status == http.StatusPreconditionFailed, c.IfMatch != "" && said.Status == http.StatusNotFound:
		return ErrChanged
	case said.Code == "NoSuchBucket":
		return refused{fmt.Errorf("there is no bucket %s", s.client.Bucket)}
	case said.Status == http.StatusNotFound:
		return fs.ErrNotExist
	case said.Status == http.StatusInsufficientStorage, strings.Contains(said.Code, "StorageFull"), strings.Contains(said.Code, "QuotaExceeded"):
		return fmt.Errorf("%w: %w", ErrNoSpace, said)
	case mayHelp(said), said.Status >= 500, said.Code == "RequestTimeTooSkewed": // our clock, soon after a boot
		return fmt.Errorf("%w: %w", ErrUnavailable, said)
	case said.Status/100 == 3, said.Status == http.StatusUnauthorized, said.Status == http.StatusForbidden, said.Code == "AuthorizationHeaderMalformed":
		return refused{said} // another region's, 3xx
	}
	return said
}

// refused is ErrRefused, in the store's words.
type refused struct{ error }

func (r refused) Unwrap() error        { return r.error }
func (r refused) Is(target error) bool { return target == ErrRefused }
