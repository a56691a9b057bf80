package measure

import "fmt"

// neighbour starts the process that runs beside the servers, if there is to be
// one.
func (p *Plan) neighbour(sets CPUSets) error {
	if p.Neighbour == nil {
		return nil
	}
	proc, err := startProcess(p.Neighbour(), sets.Server)
	if err != nil {
		return fmt.Errorf("the neighbour: %w", err)
	}
	p.beside = proc
	return nil
}

// endNeighbour ends it.
func (p *Plan) endNeighbour() {
	if p.beside != nil {
		p.beside.stop()
		p.beside = nil
	}
}

// labour has a server that has work of its own begin it, "busy", or end it,
// "rest".
func (t *target) labour(word string) error {
	if !t.labours {
		return nil
	}
	if _, err := t.proc.ask(word); err != nil {
		return fmt.Errorf("%s: %w", word, err)
	}
	return nil
}
