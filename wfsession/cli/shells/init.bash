
# Runs a function without those options of bash that change what patterns match.
_wf_plainly() {
    local option were=
    for option in failglob nocaseglob nocasematch nullglob; do
        if shopt -q "$option"; then
            were="$were $option"
            shopt -u "$option"
        fi
    done
    local GLOBIGNORE=
    "$@"
    # Unquoted: one word for each of them.
    if [[ $were ]]; then local IFS=' ' && shopt -s $were; fi
}

wf_segment() {
    _wf_plainly _wf_segment
}

wf() {
    _wf_run "$@" || return
    [[ -z $_wf_target ]] || cd -- "$_wf_target"
}

_wf_words=@WORDS@

_wf_has() {
    [[ $'\n'$_wf_words == *$'\n'"$1"$'\t'* ]]
}

_wf_complete() {
    local current=${COMP_WORDS[COMP_CWORD]-} key=wf option='' given='' word
    COMPREPLY=()
    [[ $current != = ]] || current=
    # Not by index: the first is the command, and the rest of the line comes after the cursor.
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == = ]]; then
            continue
        elif [[ $option ]]; then
            option=
        elif [[ $word == -* ]]; then
            if _wf_has "$key $word"; then option=$word; fi
        elif _wf_has "$key $word"; then
            key="$key $word"
        else
            given=1
        fi
    done
    _wf_plainly _wf_offer "$key${option:+ $option}" "$current" "${option:+value}${given:+given}"
}

# Offers what stands in _wf_words behind the key $1 and begins with $2.
_wf_offer() {
    local key word about
    while IFS=$'\t' read -r key word about; do
        [[ $key == "$1" ]] || continue
        case $word in
        -*) [[ $2 == -* && $word == "$2"* ]] && COMPREPLY+=("$word") ;;
        *) [[ $3 != given ]] && _wf_offer_value "$word" "$2" ;;
        esac
    done <<<"$_wf_words"
}

_wf_offer_value() {
    case $1 in
    @session) _wf_offer_names "$2" ;;
    @any) _wf_offer_names "$2" completed/ ;;
    @file) compopt -o default 2>/dev/null ;;
    @none) ;;
    *) [[ $1 != "$2"* ]] || COMPREPLY+=("$1") ;;
    esac
}

# Offers the sessions in the root, and in the directory $2 of it, whose name begins with $1, or
# does so behind its WFS-.
_wf_offer_names() {
    local path name where
    { _wf_find_root; } 2>/dev/null || return
    for where in "" ${2-}; do
        for path in "$_wf_root/$where"*/; do
            path=${path%/}
            name=${path##*/}
            # In the letters of this locale: nothing that a terminal or a shell takes for more.
            case $name in *[![:alnum:]._-]*) continue ;; esac
            [[ $name == WFS-* || -f $path/workflow-session.json ]] || continue
            [[ $name != "$1"* && $name != "WFS-$1"* ]] || COMPREPLY+=("$name")
        done
    done
}

complete -F _wf_complete wf
