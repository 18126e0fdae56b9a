package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/bargee/bargee/relay"
	"github.com/bargee/bargee/relay/blobs"
	"github.com/bargee/bargee/relay/bucket"
	"github.com/bargee/bargee/relay/drops"
	"github.com/bargee/bargee/relay/web"
	"github.com/bargee/bargee/relay/web/page"
	"github.com/bargee/bargee/session"
)

// Files of a relay's --data that are about what it keeps.
const (
	storeDir     = "store"     // unless that is elsewhere
	scratchDir   = "uploads"   // of HTTP, in pieces
	serverIDFile = "server-id" // a secret
	apiKeysFile  = "api-keys"
	requestsFile = "requests" // the history
)

// A relayStore is what a relay keeps for others, and the API for it, over HTTP and over
// links. It is a reloader of the API's keys.
type relayStore struct {
	open     func(context.Context) error // has the three that follow, or says why not
	bucket   bucket.Bucket
	drops    *drops.Store
	blobs    *blobs.Store
	absence  absence // of a bucket that is somewhere else
	handler  *web.Handler
	serverID string
	made     bool // the server id, by this run
	quit     chan struct{}

	keys  web.Keys
	file  string // of the keys
	mu    sync.Mutex
	stamp string // of the file that they were read from

	stop context.CancelFunc
	wait sync.WaitGroup
}

// openStore opens what is kept in dir, or in the bucket that --data names; with
// --no-store it is nil, which keeps nothing.
func (o *relayOptions) openStore(ctx context.Context, dir string, log *roleLog) (*relayStore, error) {
	if o.store.none {
		return nil, nil
	}
	s := &relayStore{file: filepath.Join(dir, apiKeysFile), quit: make(chan struct{}), stop: func() {}}
	wrong := func(err error) error {
		return &problem{what: "open", where: "what the relay keeps in " + session.Display(dir), err: errors.Join(err, s.close())}
	}
	var err error
	if s.serverID, s.made, err = serverID(filepath.Join(dir, serverIDFile)); err != nil {
		return nil, wrong(err)
	}
	if _, err := s.reload(); err != nil {
		return nil, wrong(err)
	}
	cfg := web.Config{
		Later: true, Keys: &s.keys, Page: page.Handler(), ServerID: s.serverID, NeedKey: o.store.needKey,
		Origins: o.store.origins, Proxies: o.store.trusted,
		History: web.OpenHistory(filepath.Join(dir, requestsFile), func(err error) { log.Warn("not kept", "reason", reason(err)) }),
		Access:  logAccess(log), Fault: func(err error) { log.Error("HTTP", "reason", oneLine(err.Error())) },
	}
	if o.store.shutdown {
		cfg.Shutdown = sync.OnceFunc(func() { close(s.quit) })
	}
	s.handler = web.New(cfg)
	s.absence.log = log
	s.open = func(ctx context.Context) error { return o.openKept(ctx, s, dir, log) }
	if err := s.openFirst(ctx, bucket.IsURL(o.data)); err != nil {
		return nil, wrong(err)
	}
	return s, nil
}

// openKept opens the bucket and what is in it.
func (o *relayOptions) openKept(ctx context.Context, s *relayStore, dir string, log *roleLog) error {
	b, err := o.openBucket(ctx, dir)
	if err != nil {
		return err
	}
	limits := o.store.limits()
	d, err := drops.Open(ctx, drops.Config{Bucket: b, Limits: limits, Log: log.Logger})
	if err != nil {
		return errors.Join(err, b.Close())
	}
	files, err := blobs.Open(ctx, blobs.Config{
		Bucket: b, Scratch: filepath.Join(dir, scratchDir), Hash: o.store.hash, Quota: d.Quota(),
		Limits: blobs.Limits{Object: limits.Object, MinFree: limits.MinFree},
	})
	if err != nil {
		return errors.Join(err, b.Close())
	}
	s.bucket, s.drops, s.blobs = b, d, files
	s.handler.Open(d, files)
	return nil
}

// openBucket opens where all of it is.
func (o *relayOptions) openBucket(ctx context.Context, dir string) (bucket.Bucket, error) {
	if bucket.IsURL(o.data) {
		return bucket.Open(ctx, o.data)
	}
	return bucket.Open(ctx, filepath.Join(dir, storeDir))
}

// logAccess tells of requests, without what is secret in them.
func logAccess(log *roleLog) func(web.Entry) {
	return func(e web.Entry) {
		if !log.Enabled(context.Background(), slog.LevelDebug) {
			return
		}
		log.Debug("http", "method", e.Method, "path", e.Path, "status", e.Status, "in", e.In, "out", e.Out, "ms", e.Took.Milliseconds(), "account", e.Account, "from", e.From, "error", e.Error)
	}
}

// start does what is to be done while the relay runs; note hears what is to be seen
// in its status.
func (s *relayStore) start(note func(error)) {
	if s == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.absence.noteTo(note)
	s.wait.Go(func() { s.handler.Run(ctx) })
	s.wait.Go(func() { s.tend(ctx) })
}

// close ends all of it; nobody asks it any more.
func (s *relayStore) close() error {
	if s == nil {
		return nil
	}
	s.stop()
	s.wait.Wait()
	var err error
	if s.blobs != nil {
		err = s.blobs.Close()
	}
	if s.bucket != nil {
		err = errors.Join(err, s.bucket.Close())
	}
	return err
}

// overLinks is the API for who has a link to the relay.
func (s *relayStore) overLinks() http.Handler {
	if s == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, _ := relay.VisitorOf(r.Context())
		s.handler.As(web.Caller{Account: v.Account}).ServeHTTP(w, r)
	})
}

// reload reads the keys again; those that are gone let nobody in any more.
func (s *relayStore) reload() (gone []string, err error) {
	stamp := stampOf(s.file)
	keys, err := readAPIKeys(s.file)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stamp = stamp
	s.keys.Set(keys)
	return nil, nil
}

// told is closed when somebody has told the relay to end.
func (s *relayStore) told() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.quit
}

// changed tells whether the file of keys is another one than it was.
func (s *relayStore) changed() bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.stamp
	s.stamp = stampOf(s.file)
	return s.stamp != was
}

func readAPIKeys(name string) ([]web.Key, error) {
	text, err := readAtMost(name, web.MostKeys<<9)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var keys []web.Key
	if err == nil {
		keys, err = web.ParseKeys(text)
	}
	if err != nil {
		return nil, &problem{what: "read the keys in", where: session.Display(name), err: err}
	}
	return keys, nil
}

// serverID reads the capability of a relay's blobs; the first run makes it.
func serverID(name string) (id string, made bool, err error) {
	b, err := readAtMost(name, 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
			id, made = web.NewServerID(), true
			err = firstFile(name, []byte(id+"\n"))
		}
		if errors.Is(err, fs.ErrExist) { // another process was faster
			b, err = readAtMost(name, 1<<10)
			id, made = strings.TrimSpace(string(b)), false
		}
		return id, made, err
	}
	if id = strings.TrimSpace(string(b)); err == nil && !web.IsServerID(id) {
		err = errors.New("has no server id: remove it, and another one is made")
	}
	return id, false, err
}
