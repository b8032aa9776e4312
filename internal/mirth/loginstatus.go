package mirth

// Root names: the engine's class names.
const (
	rootLogin    = "com.mirth.connect.model.LoginStatus"
	rootExtended = "com.mirth.connect.model.ExtendedLoginStatus"
	rootDuo      = "com.mirth.connect.plugins.mfa.model.DuoLoginStatus"
)

// AnyLoginStatus is a [LoginStatus], an [ExtendedLoginStatus] or a
// [DuoLoginStatus]; a type switch tells which. Only the first can be a
// finished login.
type AnyLoginStatus interface {
	Encoder
	// Plain returns the fields that all three share.
	Plain() LoginStatus
}

// LoginStatus is the answer to a login
// (com.mirth.connect.model.LoginStatus). An empty Message is written as an
// empty element or null, an empty UpdatedUsername is left out.
type LoginStatus struct {
	Status          Status
	Message         string
	UpdatedUsername string
}

// ExtendedLoginStatus asks the client for a second step
// (com.mirth.connect.model.ExtendedLoginStatus). Empty fields are left out.
type ExtendedLoginStatus struct {
	Status            Status
	Message           string
	UpdatedUsername   string
	ClientPluginClass string
}

// DuoLoginStatus asks the client for the Duo prompt
// (com.mirth.connect.plugins.mfa.model.DuoLoginStatus). Empty fields are left
// out, in the order of this struct.
type DuoLoginStatus struct {
	Status            Status
	Message           string
	UpdatedUsername   string
	ClientPluginClass string
	// PrimaryStatus is how the password was accepted.
	PrimaryStatus Status
	APIHostname   string
	AuthURL       string
	RedirectURI   string
}

var (
	_ AnyLoginStatus = LoginStatus{}
	_ AnyLoginStatus = ExtendedLoginStatus{}
	_ AnyLoginStatus = DuoLoginStatus{}
)

// Plain returns s.
func (s LoginStatus) Plain() LoginStatus { return s }

// Plain returns the fields of the superclass.
func (s ExtendedLoginStatus) Plain() LoginStatus {
	return LoginStatus{Status: s.Status, Message: s.Message, UpdatedUsername: s.UpdatedUsername}
}

// Plain returns the fields of the superclass.
func (s DuoLoginStatus) Plain() LoginStatus {
	return LoginStatus{Status: s.Status, Message: s.Message, UpdatedUsername: s.UpdatedUsername}
}

func (s LoginStatus) tree() (*node, error) {
	if !s.Status.Known() {
		return nil, ErrUnknownStatus
	}
	n := group(rootLogin, text("status", string(s.Status)), text("message", s.Message))
	n.addText("updatedUsername", s.UpdatedUsername)
	return n, nil
}

func (s ExtendedLoginStatus) tree() (*node, error) {
	if !s.Status.Known() {
		return nil, ErrUnknownStatus
	}
	n := group(rootExtended, text("status", string(s.Status)))
	n.addText("message", s.Message)
	n.addText("updatedUsername", s.UpdatedUsername)
	n.addText("clientPluginClass", s.ClientPluginClass)
	return n, nil
}

func (s DuoLoginStatus) tree() (*node, error) {
	if !s.Status.Known() || (s.PrimaryStatus != "" && !s.PrimaryStatus.Known()) {
		return nil, ErrUnknownStatus
	}
	n := group(rootDuo, text("status", string(s.Status)))
	n.addText("message", s.Message)
	n.addText("updatedUsername", s.UpdatedUsername)
	n.addText("clientPluginClass", s.ClientPluginClass)
	n.addText("primaryStatus", string(s.PrimaryStatus))
	n.addText("apiHostname", s.APIHostname)
	n.addText("authURL", s.AuthURL)
	n.addText("redirectUri", s.RedirectURI)
	return n, nil
}
