# For sh, bash and zsh: what `wf` does in a shell itself, and the segment for its prompt.
# The backslashes keep aliases out, which bash puts into a substitution each time anew.

_wf_asked=
_wf_told=

# Sets _wf_target where the shell is to change to a directory.
_wf_run() {
    _wf_target=
    case ${1-} in
    use) shift && _wf_use "$@" ;;
    switch) _wf_switch "$@" ;;
    *) command wf "$@" ;;
    esac
}

_wf_use() {
    case $# in
    0)
        unset WF_SESSION
        printf '%s\n' 'This terminal follows the active session again.'
        return
        ;;
    esac
    for _wf_word; do
        case $_wf_word in
        -h | --help | --json)
            command wf use "$@"
            return
            ;;
        esac
    done
    _wf_name=$(\command wf use "$@") || return
    export WF_SESSION="$_wf_name"
    printf '%s\n' "This terminal works on $_wf_name now. To follow the active session again: wf use"
}

_wf_switch() {
    _wf_is_cd=
    _wf_is_dry=
    _wf_named=${WF_ROOT-}
    _wf_before=
    for _wf_word; do
        shift
        case $_wf_before in --root) _wf_named=$_wf_word ;; esac
        _wf_before=$_wf_word
        case $_wf_word in
        --cd)
            _wf_is_cd=1
            continue
            ;;
        -h | --help | --dry-run) _wf_is_dry=1 ;;
        --root=*) _wf_named=${_wf_word#--root=} ;;
        esac
        set -- "$@" "$_wf_word"
    done
    command wf "$@" || return
    case $_wf_is_cd$_wf_is_dry in 1) ;; *) return 0 ;; esac
    # The session that is active now: this shell may be pinned to another.
    _wf_target=$(WF_SESSION='' WF_THREAD='' WF_ROOT=$_wf_named \command wf path && \printf .) || return
    # The dot keeps line ends that belong to the path.
    _wf_target=${_wf_target%?.}
}

# Sets wf_segment to the name of the session that `wf current` would print, to nothing where there
# is none, and to ? where that takes more than a look. Starts no process, but for a name that is
# not ASCII or does not begin with WFS-: such a one is asked of `wf` when it is first seen.
_wf_segment() {
    _wf_were=$-
    set +f
    wf_segment=
    if _wf_find 2>/dev/null; then
        wf_segment=$_wf_name
    else
        case $? in 1) ;; *) wf_segment='?' ;; esac
    fi
    case $_wf_were in *f*) set -f ;; esac
}

# This and what it calls return 0 where they are sure, 1 where they are sure that there is none,
# and 2 where they are not sure. The rules are those of bin/wf, and the tests hold them together.
_wf_find() {
    _wf_find_root
    # A pin where there is nothing to be pinned to is an error.
    case $?${WF_SESSION:+pinned} in 0*) ;; 1) return 1 ;; *) return 2 ;; esac
    if [ ! -r "$_wf_root" ] || [ ! -x "$_wf_root" ]; then return 2; fi
    case ${WF_SESSION-} in
    ?*)
        _wf_name=$WF_SESSION
        _wf_check_pin
        return
        ;;
    esac
    case ${WF_THREAD-} in
    ?*)
        _wf_read_binding
        case $? in 0) return 0 ;; 2) return 2 ;; esac
        ;;
    esac
    _wf_read_marker
}

_wf_find_root() {
    case ${WF_ROOT-} in
    ?*)
        _wf_root=${WF_ROOT%/}
        case /$_wf_root/ in *[!/]//* | */./* | */../*) return 2 ;; esac
        case $_wf_root in .workflow | */.workflow) ;; *) _wf_root=$_wf_root/.workflow ;; esac
        if [ -L "$_wf_root" ] || [ ! -d "$_wf_root" ]; then return 2; fi
        return 0
        ;;
    esac
    # By way of `..`, as PWD may lead through symlinks; but where the directory is gone, that leads
    # to where it was.
    [ . -ef "${PWD-}" ] || return 2
    _wf_place=.
    while :; do
        _wf_root=$_wf_place/.workflow
        if [ -L "$_wf_root" ]; then return 2; fi
        if [ -d "$_wf_root" ]; then return 0; fi
        if [ -e "$_wf_root" ]; then return 2; fi
        # A file: a linked worktree, to which the main one's root belongs.
        if [ -L "$_wf_place/.git" ]; then return 2; fi
        if [ -e "$_wf_place/.git" ] && [ ! -d "$_wf_place/.git" ]; then return 2; fi
        if [ "$_wf_place" -ef / ] && [ "$_wf_place" -ef "$_wf_place/.." ]; then return 1; fi
        _wf_place=$_wf_place/..
        # Nor where the one below cannot be searched.
        [ -d "$_wf_place" ] || return 2
    done
}

_wf_read_marker() {
    _wf_list
    case $? in
    0) ;;
    1)
        # A listing beside a writer may show none.
        _wf_list
        case $? in 1) return 1 ;; *) return 2 ;; esac
        ;;
    *) return 2 ;;
    esac
    if [ -L "$_wf_root/.active-$_wf_name" ] || [ ! -f "$_wf_root/.active-$_wf_name" ]; then
        return 2
    fi
    if [ -L "$_wf_root/$_wf_name" ] || [ ! -d "$_wf_root/$_wf_name" ]; then return 2; fi
    _wf_is_name "$_wf_name" || return 2
}

_wf_list() {
    set -- "$_wf_root"/.active-*
    case $# in 0) return 1 ;; 1) ;; *) return 2 ;; esac
    _wf_name=${1#"$_wf_root"/.active-}
    # What matches nothing stands as it is; so does a marker of that name.
    if [ "$_wf_name" = '*' ]; then
        [ -e "$1" ] || [ -L "$1" ] || return 1
        return 2
    fi
}

_wf_is_name() {
    case $1 in
    *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-]* | *.) ;;
    WFS-*)
        [ ${#1} -le 200 ]
        return
        ;;
    esac
    if [ "$1" != "$_wf_asked" ]; then
        _wf_asked=$1
        _wf_told=$(\command wf current)
    fi
    [ "$1" = "$_wf_told" ]
}

# Is _wf_name, which somebody wrote down, the name of a session that is not archived?
_wf_check_pin() {
    _wf_directory=$_wf_root/$_wf_name
    if [ -L "$_wf_directory" ] || [ ! -d "$_wf_directory" ]; then return 2; fi
    case $_wf_name in
    WFS-*) ;;
    *)
        _wf_is_file "$_wf_directory/workflow-session.json" ||
            _wf_is_file "$_wf_root/.active-$_wf_name" || return 2
        ;;
    esac
    _wf_is_name "$_wf_name" || return 2
    # The brackets make it a pattern, which matches the name as it stands on disk.
    _wf_rest=${_wf_name#?}
    set -- "$_wf_root"/["${_wf_name%"$_wf_rest"}"]"$_wf_rest"
    [ "${1-}" = "$_wf_directory" ] || return 2
}

_wf_is_file() {
    [ -f "$1" ] && [ ! -L "$1" ]
}

_wf_read_binding() {
    case $WF_THREAD in
    [!A-Za-z0-9]* | *[!A-Za-z0-9._-]* | *--) return 2 ;;
    *--*) ;;
    *) return 2 ;;
    esac
    _wf_file=$_wf_root/.threads
    if [ -L "$_wf_file" ]; then return 2; fi
    [ -e "$_wf_file" ] || return 1
    if [ ! -d "$_wf_file" ] || [ ! -x "$_wf_file" ]; then return 2; fi
    _wf_file=$_wf_file/$WF_THREAD
    if [ -L "$_wf_file" ]; then return 2; fi
    if [ ! -e "$_wf_file" ]; then
        [ ${#WF_THREAD} -le 200 ] || return 2
        return 1
    fi
    if [ ! -f "$_wf_file" ] || [ ! -r "$_wf_file" ]; then return 2; fi
    # Empty: unbound on purpose.
    [ -s "$_wf_file" ] || return 1
    _wf_name=
    _wf_more=
    {
        # The last line may lack its end, so what was read counts and not the status.
        IFS= read -r _wf_name || :
        IFS= read -r _wf_more && return 2
    } <"$_wf_file"
    case $_wf_more in ?*) return 2 ;; esac
    _wf_check_pin
}
