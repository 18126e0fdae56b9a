package transport

import "math"

// blockRisk is the chance that a block cannot be repaired, for which parity is
// chosen. Reno with a window of 645 packets, a quarter of 300 Mbit/s over
// 100 ms, bears one loss in 280,000 packets (RFC 5681 and Mathis et al. 1997).
const blockRisk = 1e-5

// A fecPlan says how packets to come are sent.
type fecPlan struct {
	on   bool    // with headers
	k    int     // data packets of a block
	m    int     // parity packets after k of them
	loss float64 // of packets, that m is for
	more int     // parity in m beyond that, since losses come in bursts
}

// parity returns how many parity packets a block of count packets gets, which
// may have ended before it was full.
func (p fecPlan) parity(count int) int {
	if p.m == 0 || count >= p.k {
		return p.m
	}
	return min(p.m, parityFor(count, p.loss)+(p.more*count+p.k-1)/p.k)
}

// parityFor returns how many parity packets k packets need, so that fewer than
// blockRisk of the blocks lose more, where each packet is lost with chance loss.
func parityFor(k int, loss float64) int {
	if k <= 0 || loss <= 0 {
		return 0
	}
	loss = min(loss, 0.3)
	for m := 0; m < maxBlockParity; m++ {
		if moreThan(m, k+m, loss) < blockRisk {
			return m
		}
	}
	return maxBlockParity
}

// moreThan returns the chance that more than m of n packets are lost.
func moreThan(m, n int, loss float64) float64 {
	term := math.Pow(1-loss, float64(n)) // that none is
	kept := term
	for i := range m {
		term *= float64(n-i) / float64(i+1) * loss / (1 - loss)
		kept += term
	}
	return 1 - kept
}
