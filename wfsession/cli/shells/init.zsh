
wf_segment() {
    _wf_segment
}

# With the keyword, as an alias of that name would be put in otherwise. The change of directory is
# made here, in the options of whoever has hooks for it.
function wf {
    _wf_run "$@" || return
    [[ -z $_wf_target ]] || cd -- "$_wf_target"
}

_wf_words=@WORDS@

_wf_has() {
    [[ $'\n'$_wf_words == *$'\n'"$1"$'\t'* ]]
}

_wf_complete() {
    local key=wf option='' given='' word row at
    local -a parts options values
    for word in "${(@)words[2,CURRENT-1]}"; do
        if [[ -n $option ]]; then
            option=
        elif [[ $word == -* ]]; then
            if _wf_has "$key $word"; then option=$word; fi
        elif _wf_has "$key $word"; then
            key="$key $word"
        else
            given=1
        fi
    done
    at="$key${option:+ $option}"
    for row in "${(@f)_wf_words}"; do
        parts=("${(@ps:\t:)row}")
        [[ $parts[1] == "$at" ]] || continue
        case $parts[2] in
        -*) options+=("$parts[2]:$parts[3]") ;;
        *) [[ -n $given && -z $option ]] || values+=("$parts[2]:$parts[3]") ;;
        esac
    done
    case $values[1] in
    @session:) _wf_offer_names ;;
    @any:) _wf_offer_names --all ;;
    @file:) _files ;;
    @none:) ;;
    *) [[ $PREFIX == -* ]] || _describe -t values 'wf' values ;;
    esac
    [[ $PREFIX != -* ]] || _describe -t options 'option' options
}

# Offers sessions with their titles, by any part of their names.
_wf_offer_names() {
    local row
    local -a parts names
    for row in "${(@f)$(command wf list $1 2>/dev/null)}"; do
        parts=("${(@ps:\t:)row}")
        [[ -n $parts[1] ]] && names+=("${parts[1]//:/\\:}:$parts[6]")
    done
    _describe -t sessions 'session' names -M 'l:|=* r:|=*'
}

if (($+functions[compdef])); then compdef _wf_complete wf; fi
