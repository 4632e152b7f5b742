
claude() {
    _wf_label=${WF_LABEL-}
    _wf_before=
    for _wf_word; do
        shift
        case $_wf_before in
        --as)
            _wf_label=$_wf_word
            _wf_before=
            continue
            ;;
        esac
        case $_wf_word in
        --as) _wf_before=--as ;;
        --as=*) _wf_label=${_wf_word#--as=} ;;
        *) set -- "$@" "$_wf_word" ;;
        esac
    done
    case $_wf_before in
    --as)
        printf '%s\n' 'claude: --as NAME: what is this conversation to be called?' >&2
        return 2
        ;;
    esac
    WF_LABEL=$_wf_label command claude "$@"
}
