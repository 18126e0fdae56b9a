package session

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/bargee/bargee/internal/wire"
)

// The states of an entry and of a transfer (session/doc.go), and how a sender
// brings a real receiver into each: entry 1 is what the messages are about.
var receiverStates = []struct {
	name  string
	enter func(l *liar)
}{
	{"nothing announced", func(l *liar) {}},
	{"asking for a digest", func(l *liar) { l.say(announce(1, "same size", 9)); l.until(answerOf(1)) }},
	{"wanted", func(l *liar) { l.say(announce(1, "big", 3*mib)); l.until(answerOf(1)) }},
	{"partly there", func(l *liar) {
		l.say(announce(1, "big", 3*mib))
		l.until(answerOf(1))
		l.send(1, 0, nil)
	}},
	{"completed, chunks missing", func(l *liar) {
		l.say(announce(1, "big", 3*mib))
		l.until(answerOf(1))
		l.say(complete(1, value{1}))
	}},
	{"committed", func(l *liar) {
		l.say(announce(1, "small", 5))
		l.until(answerOf(1))
		l.send(1, 0, []byte("12345"))
		l.until(func(m *wire.ToSender) bool { return m.GetResult().GetId() == 1 })
	}},
	{"mismatched", func(l *liar) {
		l.say(announce(1, "big", 3*mib))
		l.until(answerOf(1))
		l.say(complete(1, value{1}))
		for i := range uint64(3) {
			l.send(1, i, nil)
		}
		l.until(func(m *wire.ToSender) bool { return m.GetResult().GetId() == 1 })
	}},
	{"had", func(l *liar) { l.say(announce(1, "same", 4)); l.until(answerOf(1)) }},
	{"refused", func(l *liar) { l.say(announce(1, "dir", 4)); l.until(answerOf(1)) }},
	{"walk over, entry wanted", func(l *liar) { l.say(announce(1, "big", 3*mib), end); l.until(answerOf(1)) }},
}

// What is said out of order, and in which states it is a lie ("!": the transfer
// ends with Protocol) or has to be borne ("."), as messages may cross on their
// way. The columns are receiverStates, in their order.
var outOfOrder = []struct {
	name string
	say  proto.Message
	want string
}{
	{"an id twice", announce(1, "x", 1), ".!!!!!!!!!"},
	{"an id that skips", announce(9, "x", 1), "!!!!!!!!!!"},
	{"id 0", announce(0, "x", 1), "!!!!!!!!!!"},
	{"a replacement of what was never announced", replacing(2, 7, "x"), "!!!!!!!!!!"},
	{"a replacement of itself", replacing(1, 1, "x"), "!!!!!!!!!!"},
	{"the end of what was never announced", complete(77, value{}), "!!!!!!!!!!"},
	{"Complete", complete(1, value{1}), "!!..!.!..."},
	{"Complete without a digest", &wire.ToReceiver{Say: &wire.ToReceiver_Complete{Complete: &wire.Complete{Id: 1}}}, "!!!!!!!!!!"},
	{"Failed of what was never announced", failedEntry(77), "!!!!!!!!!!"},
	{"Failed", failedEntry(1), "!........-"},
	{"Failed of something not announced", failedEntry(0), ".........."},
	{"a digest of what was never announced", digestOf(77), "!!!!!!!!!!"},
	{"a digest", digestOf(1), "!.!!!.!..!"},
	{"a decision of what was never announced", decide(77), "!!!!!!!!!!"},
	{"a decision", decide(1), "!!!!!!!!!!"},
	{"nothing", &wire.ToReceiver{}, "!!!!!!!!!!"},
	{"End", end, "-....-.--!"}, // "-": then all is over
}

// M66, M69: messages out of order, in each state of a transfer, from an asker
// and from a server. What is borne changes nothing: the transfer goes on.
func TestOutOfOrder(t *testing.T) {
	o := &wire.Options{OnConflict: wire.Conflict_CONFLICT_SKIP, KeepTimes: true}
	for _, who := range sendingLiars(ServerConfig{}, o) {
		for at, state := range receiverStates {
			t.Run(who.name+"/"+state.name, func(t *testing.T) {
				for _, c := range outOfOrder {
					if c.want[at] == '-' {
						continue
					}
					l := who.meet(t, func(dir string) {
						write(t, filepath.Join(dir, "same size"), "something")
						write(t, filepath.Join(dir, "same"), "same")
						must(t, os.Chtimes(filepath.Join(dir, "same"), time.Unix(1, 0), time.Unix(1, 0)))
						must(t, os.Mkdir(filepath.Join(dir, "dir"), 0o755))
					})
					state.enter(l)
					l.say(c.say)
					if got, err := l.noticed(); err != nil || got != (c.want[at] == '!') {
						t.Errorf("%s: noticed %t, %v", c.name, got, err)
					}
					l.st.Abort(abortInterrupted)
				}
			})
		}
	}
}

// noticed tells whether the transfer ended because of what was said last, with
// Protocol. A transfer that goes on notices the next lie.
func (l *liar) noticed() (bool, error) {
	l.say(announce(4711, "probe", 1))
	err := l.hearError()
	if err == nil {
		return false, errors.New("it says nothing")
	}
	if !errors.Is(err, Protocol) {
		return false, err
	}
	return !strings.Contains(err.Error(), "4711"), nil
}

// until hears until ok, which has to come.
func (l *liar) until(ok func(*wire.ToSender) bool) {
	l.t.Helper()
	l.st.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		m := new(wire.ToSender)
		if err := wire.Read(l.in, m); err != nil {
			l.t.Fatalf("what is waited for does not come: %v", err)
		}
		if ok(m) {
			return
		}
	}
}

func answerOf(id uint64) func(*wire.ToSender) bool {
	return func(m *wire.ToSender) bool { return m.GetAnswer() != nil && m.GetAnswer().GetId() == id }
}

// send sends a chunk of 1 MiB of zeroes, or data, the whole file.
func (l *liar) send(id, index uint64, data []byte) {
	l.t.Helper()
	single := data != nil
	if !single {
		data = make([]byte, mib)
	}
	st, in := l.data()
	v := valueOf(data, index, mib, single)
	if state, err := sendChunk(l.t, st, in, chunkMessage(id, index, data, v), data); err != nil || state != wire.Ack_STATE_VERIFIED {
		l.t.Fatalf("chunk %d: %v, %v", index, state, err)
	}
}

func replacing(id, old uint64, path string) *wire.ToReceiver {
	m := announce(id, path, 1)
	m.GetEntry().Replaces = old
	return m
}

func failedEntry(id uint64) *wire.ToReceiver {
	return &wire.ToReceiver{Say: &wire.ToReceiver_Failed{Failed: &wire.Failed{Id: id, Error: &wire.Error{Kind: wire.Kind_KIND_PERMISSION}}}}
}

func digestOf(id uint64) *wire.ToReceiver {
	return &wire.ToReceiver{Say: &wire.ToReceiver_Digest{Digest: &wire.Digest{Id: id, Digest: make([]byte, 32)}}}
}

func decide(id uint64) *wire.ToReceiver {
	return &wire.ToReceiver{Say: &wire.ToReceiver_Decide{Decide: &wire.Decide{Id: id, Decision: wire.Conflict_CONFLICT_OVERWRITE}}}
}
