package portal

import (
	"log/slog"
	"time"
)

// How long people are told of a device that was added, and of how many.
const (
	tellFor    = 7 * 24 * time.Hour
	tellAtMost = 3
)

// addedDevice is a device that somebody added who was signed in as whoever
// visits.
type addedDevice struct {
	Name, From, Browser string
	At                  time.Time
}

// addedElsewhere are the devices that were added in other sessions than this
// one: a thief's last, so that its owner hears of it (threat T160). Whoever
// added it himself was there.
func (p *Portal) addedElsewhere(v *visit) []addedDevice {
	if p.deps.Additions == nil {
		return nil
	}
	since := p.cfg.Now().Add(-tellFor)
	records, err := p.deps.Additions.DevicesAdded(v.r.Context(), v.session.Username, since, tellAtMost)
	if err != nil {
		p.log.WarnContext(v.r.Context(), "devices that were added cannot be looked up",
			slog.String("request_id", p.cfg.Client(v.r).RequestID), slog.Any("err", err))
	}
	var all []addedDevice
	for i := range records {
		e := &records[i]
		if e.Session == v.session.Key.Handle() {
			continue
		}
		d := addedDevice{Name: e.Detail["device"], Browser: p.agent(e.UserAgent), At: e.Time}
		if d.Name == "" {
			d.Name = p.text.Devices.Phone
		}
		if e.Source.IsValid() {
			d.From = e.Source.String()
		}
		all = append(all, d)
	}
	return all
}
