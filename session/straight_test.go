package session

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bargee/bargee/internal/wire"
	"github.com/bargee/bargee/transport"
)

// A netReach dials servers at endpoints on the loopback, by name.
type netReach struct {
	e       *transport.Endpoint
	remotes map[string]transport.Remote

	mu    sync.Mutex
	links map[string]transport.Link
}

func (r *netReach) Dial(ctx context.Context, target, secret string) (transport.Link, error) {
	l, err := r.e.Dial(ctx, r.remotes[target])
	if err == nil {
		r.mu.Lock()
		r.links[target] = l
		r.mu.Unlock()
	}
	return l, err
}

func (r *netReach) Known() []KnownPeer                       { return nil }
func (r *netReach) Pin(transport.Link, string, string) error { return nil }

// traffic is what crossed our links to both peers.
func (r *netReach) traffic() (n uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.links {
		sent, received := transport.Traffic(l)
		n += sent + received
	}
	return n
}

// straightBed is an engine with two peers at endpoints of their own, "from" and "to".
type straightBed struct {
	*twoPeers
	net *netReach
	way *route // that the one takes to the other
}

// A route is a UDP port that leads to the receiver, until it is cut.
type route struct {
	in, out *net.UDPConn
	cut     atomic.Bool // nothing passes
	dialled atomic.Int32

	mu   sync.Mutex
	back *net.UDPAddr
	link transport.Link // the last one
}

func newRoute(t *testing.T, to *net.UDPAddr) *route {
	w := &route{}
	var err error
	w.in, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	must(t, err)
	w.out, err = net.DialUDP("udp", nil, to)
	must(t, err)
	for _, c := range []*net.UDPConn{w.in, w.out} {
		c.SetReadBuffer(4 << 20)
		t.Cleanup(func() { c.Close() })
	}
	go w.carry(w.in, func(b []byte) { w.out.Write(b) })
	go w.carry(w.out, func(b []byte) {
		w.mu.Lock()
		to := w.back
		w.mu.Unlock()
		w.in.WriteToUDP(b, to)
	})
	return w
}

func (w *route) carry(from *net.UDPConn, pass func([]byte)) {
	b := make([]byte, 64<<10)
	for {
		n, addr, err := from.ReadFromUDP(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if from == w.in {
			w.mu.Lock()
			w.back = addr
			w.mu.Unlock()
		}
		if err == nil && !w.cut.Load() {
			pass(b[:n])
		}
	}
}

// end ends the link that took the route.
func (w *route) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.link.Close("cut")
}

func newStraight(t *testing.T) *straightBed {
	b := &straightBed{twoPeers: &twoPeers{fromD: t.TempDir(), toD: t.TempDir()}}
	b.net = &netReach{remotes: map[string]transport.Remote{}, links: map[string]transport.Link{}}
	token := transport.NewToken()
	listen := func(a *transport.Admission) *transport.Endpoint {
		e, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: transport.NewKey(), Admission: a})
		must(t, err)
		t.Cleanup(func() { e.Close() })
		return e
	}
	for name, dir := range map[string]string{"from": b.fromD, "to": b.toD} {
		errands := &transport.Errands{}
		e := listen(&transport.Admission{Tree: dir, Tokens: transport.Tokens(token.Public()), Errands: errands})
		b.net.remotes[name] = transport.Remote{Addresses: []string{e.Addr().String()}, Secret: transport.SecretOf(token)}
		cfg := ServerConfig{Tree: openDir(t, dir)}
		if name == "to" {
			b.way = newRoute(t, e.Addr().(*net.UDPAddr))
		}
		cfg.Straight = StraightBy(e, errands, func() transport.Whereabouts { return transport.Whereabouts{} })
		if cfg.Straight.start = time.Minute; t.Name() == "TestStraightNowhere" {
			cfg.Straight.start = 0
		}
		dial := cfg.Straight.Dial
		cfg.Straight.Dial = func(ctx context.Context, at transport.Whereabouts, to transport.Remote) (transport.Link, error) {
			b.way.dialled.Add(1)
			at.Addresses = []string{b.way.in.LocalAddr().String()}
			l, err := dial(ctx, at, to)
			b.way.mu.Lock()
			defer b.way.mu.Unlock()
			b.way.link = l
			return l, err
		}
		s := NewServer(cfg)
		go s.Serve(context.Background(), e)
		t.Cleanup(func() { s.Close() })
	}
	b.net.e = listen(nil)
	b.bed = &bed{tb: t, engine: NewEngine(EngineConfig{Reach: b.net})}
	t.Cleanup(func() { b.engine.Close() })
	var err error
	b.from, err = b.engine.Connect(t.Context(), "from", "")
	must(t, err)
	b.to, err = b.engine.Connect(t.Context(), "to", "")
	must(t, err)
	return b
}

// The data of a copy between two peers that reach each other does not come by here,
// and is counted all the same.
func TestStraight(t *testing.T) {
	b := newStraight(t)
	want := map[string][]byte{}
	for i, size := range []int{0, 1, 1 << 10, 1<<20 + 1, 9<<20 + 7} {
		name := filepath.Join("tree", string(rune('a'+i)))
		want[name] = fill(t, filepath.Join(b.fromD, name), size, byte(i))
	}
	var items []Item
	j := b.job(DefaultOptions(), "tree")
	j.Options.Compress = CompressOff
	j.Observe = func(it Item) { items = append(items, it) }
	tr := b.run(j)
	if tr.State != StateDone || tr.Failures > 0 || tr.FilesDone != 5 || tr.Verified != tr.Bytes || tr.Sent != tr.Bytes || tr.Wire != tr.Bytes || tr.Straight != transport.PathDirect {
		t.Errorf("%v %v %+v", tr.State, tr.Err, tr)
	}
	sameFiles(t, b.toD, want)
	for _, it := range items {
		if it.Kind == RegularFile && (it.Result != Copied || len(it.Digest) != 32 || it.Sent != it.Size) {
			t.Errorf("%+v", it)
		}
	}
	if n := b.net.traffic(); n > 1<<20 {
		t.Errorf("%d bytes came by here, of %d", n, tr.Bytes)
	}
	if n := b.way.dialled.Load(); n != 1 {
		t.Errorf("dialled %d times", n)
	}
}

// Without a way from one to the other the data comes by here, at once or after a
// moment.
func TestStraightNowhere(t *testing.T) {
	b := newStraight(t)
	b.way.cut.Store(true)
	want := map[string][]byte{"file": fill(t, filepath.Join(b.fromD, "file"), 3<<20, 1)}
	tr := b.run(b.job(DefaultOptions(), "file"))
	if tr.State != StateDone || tr.Failures > 0 || tr.Straight != "" || b.way.dialled.Load() != 1 {
		t.Errorf("%v %v %+v", tr.State, tr.Err, tr)
	}
	sameFiles(t, b.toD, want)
}

// A way that ends in the middle, or says nothing any more, is given up, and the data
// goes on by way of us, in the same attempt.
func TestStraightDies(t *testing.T) {
	for name, die := range map[string]func(*route){
		"ends":      func(w *route) { w.cut.Store(true); w.end() },
		"is silent": func(w *route) { w.cut.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newStraight(t)
			want := map[string][]byte{"file": fill(t, filepath.Join(b.fromD, "file"), 24<<20, 1)}
			o := DefaultOptions()
			o.Limit, o.Compress = 8<<20, CompressOff
			id, err := b.engine.Submit(b.job(o, "file"))
			must(t, err)
			b.until(t, id, func(tr Transfer) bool { return tr.Verified > 4<<20 && tr.Straight != "" })
			before := b.net.traffic()
			die(b.way)
			b.engine.SetTransferLimit(id, 0)
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			tr, err := b.engine.Wait(ctx, id)
			must(t, err)
			if tr.State != StateDone || tr.Failures > 0 || tr.Attempt != 1 || tr.Verified != tr.Bytes || tr.Straight != "" {
				t.Errorf("%v %v %+v", tr.State, tr.Err, tr)
			}
			if before > 2<<20 || b.net.traffic()-before < 8<<20 {
				t.Errorf("%d bytes came by here before, %d then", before, b.net.traffic()-before)
			}
			sameFiles(t, b.toD, want)
		})
	}
}

// Who comes for an errand may bring its data and nothing else.
func TestErrandAsksForNothingElse(t *testing.T) {
	near, far := transport.Pipe()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), "secret", newer)
	e := &errand{s: NewServer(ServerConfig{Tree: openDir(t, dir)}), id: transport.Errand{1}, key: transferKey{far, "one"}}
	ctx, cancel := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() { e.serve(ctx, far) })
	defer serving.Wait()
	defer cancel()
	r := NewRemote(near)
	if _, err := r.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := r.Stat(t.Context(), Path{"file"}); KindOf(err) != Refused {
		t.Errorf("stat: %v", err)
	}
	if err := r.Mkdir(t.Context(), Path{"dir"}, false); KindOf(err) != Refused {
		t.Errorf("mkdir: %v", err)
	}
	for what, id := range map[string][]byte{"no transfer": nil, "another one": rawID} {
		st := stream(t, near)
		must(t, wire.Write(st, &wire.Request{Ask: &wire.Request_Data{Data: &wire.Data{Transfer: id}}}))
		var a *transport.AbortError
		if _, err := st.Read(make([]byte, 1)); !errors.As(err, &a) || a.Code != codeOf(Refused) {
			t.Errorf("data of %s: %v", what, err)
		}
	}
}

// A sender dials no names for who asks, and this machine only for who is on it.
func TestWhereabouts(t *testing.T) {
	full := func(addresses ...string) *wire.Direct {
		return &wire.Direct{Errand: make([]byte, 16), Key: make([]byte, 32), Addresses: addresses}
	}
	for name, c := range map[string]struct {
		d     *wire.Direct
		local bool
		want  int
	}{
		"addresses":         {full("192.0.2.1:6768", "[2001:db8::1]:6768"), false, 2},
		"this machine":      {full("127.0.0.1:6768", "[::1]:6768", "[::ffff:127.0.0.1]:9"), false, 0},
		"from this machine": {full("127.0.0.1:6768", "[::1]:6768"), true, 2},
		"names":             {full("example.org:6768", "localhost:6768"), true, 0},
		"nobody":            {full("0.0.0.0:6768", "224.0.0.1:6768", "255.255.255.255:1", "192.0.2.1:0", "", "192.0.2.1"), true, 0},
		"no key":            {&wire.Direct{Errand: make([]byte, 16), Addresses: []string{"192.0.2.1:6768"}}, true, 0},
		"no errand":         {&wire.Direct{Key: make([]byte, 32), Addresses: []string{"192.0.2.1:6768"}}, true, 0},
		"half a relay":      {&wire.Direct{Errand: make([]byte, 16), Key: make([]byte, 32), Relay: "relay.example:6768"}, true, 0},
	} {
		if at, _, ok := whereabouts(c.d, c.local); ok != (c.want > 0) || ok && len(at.Addresses) != c.want {
			t.Errorf("%s: %v, %v", name, at.Addresses, ok)
		}
	}
	d := full()
	d.Relay, d.RelayKey, d.Room = "relay.example:6768", make([]byte, 32), make([]byte, 32)
	if at, _, ok := whereabouts(d, false); !ok || at.Relay.Address != d.Relay {
		t.Errorf("a relay: %v, %v", at, ok)
	}
	for address, near := range map[string]bool{"127.0.0.1:6768": true, "[::1]:443": true, "localhost:6768": true, "0.0.0.0:1": false, "relay.example": false} {
		d.Relay = address
		for _, local := range []bool{false, true} {
			if _, _, ok := whereabouts(d, local); ok != (local && near) {
				t.Errorf("a relay at %s, local %v: %v", address, local, ok)
			}
		}
	}
}

// The sender is told the lower of the two limits, whenever that is another one.
func TestPaces(t *testing.T) {
	var p paces
	if got := p.begin(0, 5000); got != 5000 {
		t.Errorf("begins with %d", got)
	}
	for _, step := range []struct {
		receiver, own int64
		heeds         bool
		rate          int64
		told          bool
	}{
		{0, 9000, false, 9000, false}, // it does not listen yet
		{0, 9000, true, 9000, true},
		{0, 9000, true, 9000, false},
		{3000, 9000, true, 3000, true},
		{3000, 2000, true, 2000, true},
		{0, 2000, true, 2000, false},
		{0, 0, true, 0, true},
	} {
		if step.heeds {
			p.heeded()
		}
		if rate, told := p.of(step.receiver, step.own); told != step.told || told && rate != step.rate {
			t.Errorf("%+v: %d, %v", step, rate, told)
		}
	}
}
