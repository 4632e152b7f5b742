
function claude --wraps claude --description 'Claude Code; --as NAME labels the conversation'
    set -l words
    set -l label $WF_LABEL
    set -l before
    for word in $argv
        if test "$before" = --as
            set label $word
            set before
            continue
        end
        switch $word
            case --as
                set before --as
            case '--as=*'
                set label (string replace -- --as= '' $word | string collect)
            case '*'
                set -a words $word
        end
    end
    if test "$before" = --as
        echo 'claude: --as NAME: what is this conversation to be called?' >&2
        return 2
    end
    WF_LABEL="$label" command claude $words
end
