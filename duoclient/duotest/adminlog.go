package duotest

import "time"

// change is an entry of the administrator log.
type change struct {
	id             string
	at             time.Time
	action, object string
	username       string
	description    fields
}

// telephonyEntry is a call or a text message.
type telephonyEntry struct {
	id, txid, context, kind, phone string
	at                             time.Time
	credits                        int
}

// log writes an entry of the administrator log for the caller.
func (c *apiCall) log(action, what string, description fields) {
	c.account.changes.add(change{
		id: newUUID(), at: c.now, action: action, object: what, description: description,
		username: "API (" + c.integration.Name + ")",
	})
}

// charge writes an entry of the telephony log and takes its credit.
func (a *account) charge(at time.Time, txid, context, kind, number string) {
	a.credits = max(0, a.credits-1)
	a.telephony.add(telephonyEntry{id: newUUID(), txid: txid, context: context, kind: kind, phone: number, at: at, credits: 1})
}
