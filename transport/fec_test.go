package transport

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/reedsolomon"
)

// TestCodeIsReedSolomon: the parity is what the library makes with our matrix.
func TestCodeIsReedSolomon(t *testing.T) {
	const k, m, size = 20, 7, 300
	matrix := make([][]byte, m)
	for j := range matrix {
		for i := range k {
			matrix[j] = append(matrix[j], coefficient(i, j))
		}
	}
	code, err := reedsolomon.New(k, m, reedsolomon.WithCustomMatrix(matrix))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	ours, theirs := make([]shard, m), make([][]byte, k+m)
	for j := range ours {
		ours[j], theirs[k+j] = newShard(), make([]byte, fecLength+size)
	}
	for i := range k {
		packet := randomBytes(random, 1+random.IntN(size))
		theirs[i] = make([]byte, fecLength+size)
		binary.BigEndian.PutUint16(theirs[i], uint16(len(packet)))
		copy(theirs[i][fecLength:], packet)
		for j := range ours {
			ours[j].add(coefficient(i, j), packet)
		}
	}
	if err := code.Encode(theirs); err != nil {
		t.Fatal(err)
	}
	for j := range ours {
		if !bytes.Equal(ours[j][:fecLength+size], theirs[k+j]) {
			t.Errorf("parity %d differs", j)
		}
	}
}

// TestCodeHasAllCoefficients: none is zero and no two packets share a column, so
// that any loss that is not larger than the parity can be made good.
func TestCodeHasAllCoefficients(t *testing.T) {
	for i := range maxBlockData {
		for j := range maxBlockParity {
			if coefficient(i, j) == 0 {
				t.Fatalf("coefficient(%d, %d) is 0", i, j)
			}
		}
	}
	random := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		n := 1 + random.IntN(12)
		missing := random.Perm(maxBlockData)[:n]
		parities := random.Perm(maxBlockParity)[:n]
		want, shards := make([][]byte, n), make([]shard, n)
		for j := range shards {
			shards[j] = newShard()
		}
		for c, i := range missing {
			want[c] = randomBytes(random, 1+random.IntN(maxFECPacket))
			for j, p := range parities {
				shards[j].add(coefficient(i, p), want[c])
			}
		}
		solve(missing, parities, shards)
		for c := range missing {
			if got, ok := shards[c].packet(); !ok || !bytes.Equal(got, want[c]) {
				t.Fatalf("%d lost packets %v with parities %v: packet %d is wrong", n, missing, parities, c)
			}
		}
	}
}

func randomBytes(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// A fecTrip is what packets meet on their way.
type fecTrip struct {
	name         string
	loss         float64
	late         float64 // share of packets that others overtake
	by           int     // how many others
	twice        float64
	plan         fecPlan
	wantLost     int // of packets, at most
	wantOrder    bool
	wantRepaired bool
}

// TestTrips sends numbered packets through paths of all kinds.
func TestTrips(t *testing.T) {
	full := fecPlan{on: true, k: 64, m: 12, loss: 0.03}
	seeds := uint64(5)
	if testing.Short() {
		seeds = 1
	}
	for _, trip := range []fecTrip{
		{name: "clean", plan: fecPlan{on: true, k: 64}, wantOrder: true},
		{name: "parity for nothing", plan: full, wantOrder: true},
		{name: "loss", loss: 0.02, plan: full, wantOrder: true, wantRepaired: true},
		{name: "loss without parity", loss: 0.01, plan: fecPlan{on: true, k: 64}, wantLost: 400, wantOrder: true},
		{name: "reordering", late: 0.05, by: 20, plan: fecPlan{on: true, k: 64}, wantOrder: true},
		{name: "reordering and loss", late: 0.05, by: 20, loss: 0.02, plan: full, wantRepaired: true, wantOrder: true},
		{name: "duplicates", twice: 0.1, plan: full, wantOrder: true},
		{name: "all of it", late: 0.02, by: 30, loss: 0.02, twice: 0.02, plan: full, wantRepaired: true, wantOrder: true},
		{name: "far too much loss", loss: 0.4, plan: full, wantLost: 9000, wantOrder: true},
	} {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s/%d", trip.name, seed), func(t *testing.T) { trip.run(t, seed) })
		}
	}
}

// tripPackets is the number of packets of a trip, one each 50 µs.
const tripPackets = 20_000

func (trip fecTrip) run(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 7))
	type event struct {
		at     time.Duration
		packet []byte
	}
	var wire []event
	const tick = 50 * time.Microsecond
	put := func(now time.Duration, packets []byte, segment int) {
		for p := range slices.Chunk(packets, max(segment, 1)) {
			at := now
			if random.Float64() < trip.late {
				at += time.Duration(1+random.IntN(trip.by)) * tick
			}
			if random.Float64() >= trip.loss {
				wire = append(wire, event{at, slices.Clone(p)})
			}
			if random.Float64() < trip.twice {
				wire = append(wire, event{at + tick, slices.Clone(p)})
			}
		}
	}
	s := &blockSender{plan: trip.plan, seq: ^uint32(0) - 5000, block: ^uint16(0) - 100} // both turn over
	for i := 0; i < tripPackets; {
		n := min(1+random.IntN(14), tripPackets-i)
		if !s.room(n) {
			t.Fatal("no room")
		}
		var batch []byte
		for j := range n {
			batch = append(batch, numbered(i+j, 100)...)
		}
		batch = batch[:len(batch)-random.IntN(50)] // the last one may be shorter
		now := time.Duration(i) * tick
		put(now, s.frame(batch, 100), 100+fecHeader)
		if s.due() {
			batch, segment := s.end()
			put(now, batch, segment)
		}
		i += n
	}
	batch, segment := s.end()
	put(tripPackets*tick, batch, segment)
	slices.SortStableFunc(wire, func(a, b event) int { return int(a.at - b.at) })

	r := &blockReceiver{hold: 15 * time.Millisecond}
	seen, last, disorder, lost := make([]int, tripPackets), -1, 0, 0
	deliver := func(p []byte) {
		n := int(binary.BigEndian.Uint32(p))
		if !bytes.Equal(p, numbered(n, 100)[:len(p)]) {
			t.Fatalf("packet %d is damaged", n)
		}
		if seen[n]++; n < last {
			disorder++
		}
		last = max(last, n)
	}
	start := time.Now()
	for _, e := range wire {
		feedReceiver(r, start.Add(e.at), e.packet, deliver)
	}
	for r.next != r.top {
		feedReceiver(r, start.Add(time.Hour), nil, deliver)
	}
	for _, n := range seen {
		if n == 0 {
			lost++
		}
	}
	if lost > trip.wantLost || trip.wantOrder && disorder > 0 || trip.wantRepaired != (r.counts.recovered > 0) {
		t.Errorf("%d of %d lost, %d out of order, %+v", lost, tripPackets, disorder, r.counts)
	}
	if miss := r.counts.expected - r.counts.arrived; r.counts.expected > tripPackets || float64(miss) > 1.3*trip.loss*tripPackets+5 {
		t.Errorf("the loss was %v, counted were %+v", trip.loss, r.counts)
	}
}

func numbered(n, size int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(n))
	for len(b) < size {
		b = append(b, byte(n*31+len(b)))
	}
	return b
}

// feedReceiver hands r a packet as a socket does.
func feedReceiver(r *blockReceiver, now time.Time, packet []byte, deliver func([]byte)) {
	drain := func() {
		for p, _, ok := r.take(); ok; p, _, ok = r.take() {
			deliver(p)
		}
	}
	r.expire(now)
	drain()
	if h, data, ok := parseData(packet); ok {
		for !r.fits(h.seq) {
			drain()
		}
		if r.data(now, h, data, nil) {
			deliver(data)
		}
	} else if h, parity, ok := parseParity(packet); ok {
		r.parity(now, h, parity)
	}
	drain()
}
