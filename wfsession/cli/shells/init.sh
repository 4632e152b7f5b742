
wf_segment() {
    _wf_segment
}

wf() {
    _wf_run "$@" || return
    [ -z "$_wf_target" ] || cd -- "$_wf_target"
}
