package session

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// The states of an entry at a real sender, and how a receiver brings it into
// each: entry 1 is a file of three chunks, and all that there is.
var senderStates = []struct {
	name  string
	enter func(l *liar)
}{
	{"not ready", func(l *liar) {}},
	{"announced", func(l *liar) { l.ready() }},
	{"claimed", func(l *liar) {
		l.ready()
		l.say(toSender(&wire.Claims{Id: 1, Values: make([]byte, 64)}))
	}},
	{"digest asked", func(l *liar) {
		l.ready()
		l.say(toSender(&wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_DIGEST}))
		l.hears(func(m *wire.ToReceiver) bool { return m.GetDigest() != nil })
	}},
	{"wanted, nothing acknowledged", func(l *liar) {
		l.ready()
		l.say(toSender(&wire.Answer{Id: 1, ChunkSize: mib}))
	}},
	{"completed", func(l *liar) {
		l.ready()
		l.say(toSender(&wire.Answer{Id: 1, ChunkSize: mib}))
		l.take(3)
		l.hears(func(m *wire.ToReceiver) bool { return m.GetComplete() != nil })
	}},
	{"over", func(l *liar) {
		l.ready()
		l.say(toSender(&wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_HAVE}))
	}},
}

// What a receiver says out of order; the columns are senderStates. "!": the
// transfer ends with Protocol; ".": it has to be borne; "-": it is in order.
var outOfOrderAnswers = []struct {
	name string
	say  proto.Message
	want string
}{
	{"Ready", toSender(&wire.Ready{MaxStreams: 4}), "-!!!!!!"},
	{"nothing", &wire.ToSender{}, "!!!!!!!"},
	{"claims of what was never announced", toSender(&wire.Claims{Id: 7, Values: make([]byte, 32)}), "!!!!!!!"},
	{"claims", toSender(&wire.Claims{Id: 1, Values: make([]byte, 64)}), "!..." + "!!."},
	{"claims twice over", toSender(&wire.Claims{Id: 1, First: 1, Values: make([]byte, 96)}), "!..." + "!!."},
	{"WANT without a chunk size", toSender(&wire.Answer{Id: 1}), "!----!."},
	{"an answer to what was never announced", toSender(&wire.Answer{Id: 7, ChunkSize: mib}), "!!!!!!!"},
	{"a second WANT", toSender(&wire.Answer{Id: 1, ChunkSize: mib}), "!---!!."},
	{"HAVE", toSender(&wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_HAVE}), "!---!!."},
	{"DIGEST", toSender(&wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_DIGEST}), "!--!!!."},
	{"CONFLICT that the options settled", toSender(&wire.Answer{Id: 1, Verdict: wire.Verdict_VERDICT_CONFLICT}), "!!!!!!."},
	{"a need of what was never announced", toSender(&wire.Need{Id: 7, Chunks: []uint64{0}}), "!!!!!!!"},
	{"a need", toSender(&wire.Need{Id: 1, Chunks: []uint64{0}}), "!!!!..."},
	{"a result of what was never announced", toSender(&wire.Result{Id: 7}), "!!!!!!!"},
	{"a result", toSender(&wire.Result{Id: 1}), "!!!!!-."},
	{"a result that failed", toSender(&wire.Result{Id: 1, Error: &wire.Error{Kind: wire.Kind_KIND_INTERNAL}}), "!!!!--."},
	{"Finished", toSender(&wire.Finished{}), "!!!!!!-"},
}

// M66, M69: the same for a real sender, which an asker or a server lies to.
func TestOutOfOrderAnswers(t *testing.T) {
	for _, who := range receivingLiars() {
		for at, state := range senderStates {
			t.Run(who.name+"/"+state.name, func(t *testing.T) {
				for _, c := range outOfOrderAnswers {
					if c.want[at] == '-' {
						continue
					}
					l := who.meet(t, fileOf(t, 3*mib))
					state.enter(l)
					l.say(c.say)
					if got, err := l.noticedBySender(); err != nil || got != (c.want[at] == '!') {
						t.Errorf("%s: noticed %t, %v", c.name, got, err)
					}
					l.st.Abort(abortInterrupted)
				}
			})
		}
	}
}

// noticedBySender is noticed where the real half is a sender.
func (l *liar) noticedBySender() (bool, error) {
	l.say(toSender(&wire.Result{Id: 4711}))
	err := l.hearError()
	switch {
	case err == nil:
		return false, errors.New("it says nothing")
	case !errors.Is(err, Protocol):
		return false, err
	}
	return !strings.Contains(err.Error(), "4711"), nil
}

// ready says the first word, and hears the walk to its end.
func (l *liar) ready() {
	l.t.Helper()
	l.say(toSender(&wire.Ready{MaxStreams: 4}))
	l.hears(func(m *wire.ToReceiver) bool { return m.GetEnd() != nil })
}

// hears hears until ok, which has to come.
func (l *liar) hears(ok func(*wire.ToReceiver) bool) {
	l.t.Helper()
	l.st.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		m := new(wire.ToReceiver)
		if err := wire.Read(l.in, m); err != nil {
			l.t.Fatalf("what is waited for does not come: %v", err)
		}
		if ok(m) {
			return
		}
	}
}

// take takes n chunks from one data stream and acknowledges each.
func (l *liar) take(n int) {
	l.t.Helper()
	st, in := l.data()
	st.SetReadDeadline(time.Now().Add(time.Minute))
	for range n {
		c := new(wire.Chunk)
		must(l.t, wire.Read(in, c))
		_, err := in.Discard(int(c.GetLength()))
		must(l.t, err)
		must(l.t, wire.Write(st, &wire.Acks{Acks: []*wire.Ack{{Id: c.Id, Index: c.Index}}}))
	}
}
