package hashing

// Resting are the processes of the workers that wait for a question.
func (p *Pool) Resting() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pids []int
	for _, w := range p.idle {
		pids = append(pids, w.cmd.Process.Pid)
	}
	return pids
}
