package poller

// predictor says whether recv(2) is likely to find bytes. Under load a peer's
// next message is often there when its turn comes, and a recv(2) is then all it
// costs: no wait, no completion. Otherwise a receive that is armed together with
// the send costs less. The zero value tries.
type predictor struct {
	misses uint8 // moving average of the misses among the tries, in 256ths
	skip   uint8 // receives to arm before the next try
}

// A try pays, by what it costs and saves, if one in four finds something. Where
// fewer do, one receive in tryEvery is tried all the same.
const (
	maxMisses = 192
	tryEvery  = 16
	weight    = 8 // one try moves the average by an eighth
)

func (p *predictor) likely() bool { return p.skip == 0 }

func (p *predictor) hit() { p.misses -= (p.misses + weight - 1) / weight }

func (p *predictor) miss() {
	p.misses += (255 - p.misses) / weight
	if p.misses > maxMisses {
		p.skip = tryEvery
	}
}

// armed notes that a receive was armed.
func (p *predictor) armed() {
	if p.skip > 0 {
		p.skip--
	}
}
