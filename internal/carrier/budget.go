package carrier

import "sync/atomic"

// A Budget is how many bytes several Conns may hold together. Nil: any number.
type Budget struct {
	most int64
	held atomic.Int64
}

// NewBudget returns one of so many bytes.
func NewBudget(bytes int64) *Budget { return &Budget{most: bytes} }

// has tells whether n bytes more may be held. Several that ask at the same time
// may exceed it by what each of them adds.
func (b *Budget) has(n int) bool { return b == nil || b.held.Load()+int64(n) <= b.most }

func (b *Budget) hold(n int) {
	if b != nil {
		b.held.Add(int64(n))
	}
}

// Held returns how many bytes are held.
func (b *Budget) Held() int64 { return b.held.Load() }
