# What `wf` does in fish itself, the segment for its prompt, and completions.

set -g __wf_asked
set -g __wf_told

function wf --description 'Switch between sessions of work'
    switch "$argv[1]"
        case use
            __wf_use $argv[2..]
        case switch
            __wf_switch $argv
        case '*'
            command wf $argv
    end
end

function __wf_use
    if not set -q argv[1]
        set -e -g WF_SESSION
        echo 'This terminal follows the active session again.'
        return
    end
    if contains -- -h $argv; or contains -- --help $argv; or contains -- --json $argv
        command wf use $argv
        return
    end
    set -l name (command wf use $argv)
    or return
    set -gx WF_SESSION $name
    echo "This terminal works on $name now. To follow the active session again: wf use"
end

function __wf_switch
    set -l words
    set -l is_cd no
    set -l is_dry no
    set -l named $WF_ROOT
    set -l before
    for word in $argv
        test "$before" = --root; and set named $word
        set before $word
        switch $word
            case --cd
                set is_cd yes
                continue
            case -h --help --dry-run
                set is_dry yes
            case '--root=*'
                set named (string replace -- --root= '' $word | string collect)
        end
        set -a words $word
    end
    command wf $words
    or return
    if test $is_cd = no -o $is_dry = yes
        return 0
    end
    # The session that is active now: this shell may be pinned to another.
    set -l target (WF_SESSION= WF_THREAD= WF_ROOT="$named" command wf path | string collect)
    test -n "$target"
    and cd -- $target
end

# Sets wf_segment to the name of the session that `wf current` would print, to nothing where there
# is none, and to ? where that takes more than a look. Starts no process, but for a name that is
# not ASCII or does not begin with WFS-: such a one is asked of `wf` when it is first seen.
function wf_segment
    set -g wf_segment
    __wf_find 2>/dev/null
    switch $status
        case 0
            set -g wf_segment $__wf_name
        case 2
            set -g wf_segment '?'
    end
end

# This and what it calls return 0 where they are sure, 1 where they are sure that there is none,
# and 2 where they are not sure. The rules are those of bin/wf, and the tests hold them together.
function __wf_find
    __wf_find_root
    set -l found $status
    # A pin where there is nothing to be pinned to is an error.
    if test $found -eq 1 -a -n "$WF_SESSION"
        return 2
    end
    if test $found -ne 0
        return $found
    end
    if not test -r "$__wf_root" -a -x "$__wf_root"
        return 2
    end
    if test -n "$WF_SESSION"
        set -g __wf_name $WF_SESSION
        __wf_check_pin
        return
    end
    if test -n "$WF_THREAD"
        __wf_read_binding
        set found $status
        if test $found -ne 1
            return $found
        end
    end
    __wf_read_marker
end

function __wf_find_root
    if test -n "$WF_ROOT"
        set -g __wf_root (string replace -r '/\z' '' -- $WF_ROOT | string collect)
        if string match -qr '(?s)[^/]//|/\./|/\.\./' -- "/$__wf_root/"
            return 2
        end
        if not string match -qr '(?s)(^|/)\.workflow\z' -- "$__wf_root"
            set -g __wf_root $__wf_root/.workflow
        end
        if test -L "$__wf_root"; or not test -d "$__wf_root"
            return 2
        end
        return 0
    end
    # By way of `..`, as PWD may lead through symlinks; but where the directory is gone, that leads
    # to where it was.
    test . -ef "$PWD"
    or return 2
    set -l place .
    while true
        set -g __wf_root $place/.workflow
        # In one, as each costs more than what it looks at.
        if test -e $__wf_root -o -L $__wf_root -o -e $place/.git -o -L $place/.git
            if test -L $__wf_root
                return 2
            end
            if test -d $__wf_root
                return 0
            end
            # A file at .git: a linked worktree, to which the main one's root belongs.
            if test -e $__wf_root; or test -L $place/.git; or not test -d $place/.git
                return 2
            end
        end
        if test $place -ef /; and test $place -ef $place/..
            return 1
        end
        set place $place/..
        # Nor where the one below cannot be searched.
        test -d $place
        or return 2
    end
end

function __wf_read_marker
    set -l found $__wf_root/.active-*
    if not set -q found[1]
        # A listing beside a writer may show none.
        set found $__wf_root/.active-*
        set -q found[1]
        and return 2
        return 1
    end
    if set -q found[2]
        return 2
    end
    set -g __wf_name (string replace -- "$__wf_root/.active-" '' $found | string collect)
    if test -L $found; or not test -f $found
        return 2
    end
    if test -L "$__wf_root/$__wf_name"; or not test -d "$__wf_root/$__wf_name"
        return 2
    end
    __wf_is_name
    or return 2
end

function __wf_is_name
    if string match -qr '^WFS-[A-Za-z0-9._-]{0,196}\z' -- "$__wf_name"; and not string match -qr '\.\z' -- "$__wf_name"
        return 0
    end
    if test "$__wf_name" != "$__wf_asked"
        set -g __wf_asked $__wf_name
        set -g __wf_told
        # Nothing keeps fish from complaining of a command that is missing.
        command -q wf
        and set -g __wf_told (command wf current)
    end
    test "$__wf_name" = "$__wf_told"
end

# Is __wf_name, which somebody wrote down, the name of a session that is not archived?
function __wf_check_pin
    set -l directory $__wf_root/$__wf_name
    if test -L "$directory"; or not test -d "$directory"
        return 2
    end
    if not string match -q 'WFS-*' -- "$__wf_name"
        __wf_is_file $directory/workflow-session.json
        or __wf_is_file $__wf_root/.active-$__wf_name
        or return 2
    end
    __wf_is_name
    or return 2
    # As it stands on disk, where upper and lower case are one.
    set -l found $__wf_root/*
    contains -- $directory $found
    or return 2
end

function __wf_is_file
    test -f "$argv[1]"; and not test -L "$argv[1]"
end

function __wf_read_binding
    if not string match -qr '^[A-Za-z0-9][A-Za-z0-9._-]*--[A-Za-z0-9._-]+\z' -- "$WF_THREAD"; or string match -qr -- '--\z' "$WF_THREAD"
        return 2
    end
    set -l file $__wf_root/.threads
    for next in '' /$WF_THREAD
        set file $file$next
        if test -L $file
            return 2
        end
        if not test -e $file
            test (string length -- $WF_THREAD) -le 200
            and return 1
            return 2
        end
    end
    if not test -f $file; or not test -r $file
        return 2
    end
    # Empty: unbound on purpose.
    test -s $file
    or return 1
    read -g -z __wf_name <$file
    if not string match -qr '^[^\n]+\n?\z' -- "$__wf_name"
        return 2
    end
    set -g __wf_name (string replace -r '\n\z' '' -- "$__wf_name" | string collect)
    __wf_check_pin
end

set -g __wf_words (string split \n -- @WORDS@)

# Prints what may be typed next, each with what it means behind a tab.
function __wf_complete
    set -l key wf
    set -l option
    set -l given
    for word in (commandline -opc)[2..]
        if set -q option[1]
            set option
        else if string match -q -- '-*' $word
            string match -q -- "$key $word"\t'*' $__wf_words
            and set option $word
        else if string match -q -- "$key $word"\t'*' $__wf_words
            set key "$key $word"
        else
            set given yes
        end
    end
    for row in $__wf_words
        set -l parts (string split \t -- $row)
        test "$parts[1]" = (string join ' ' -- $key $option)
        or continue
        switch $parts[2]
            case '-*'
                string match -q -- '-*' (commandline -ct)
                and printf '%s\t%s\n' $parts[2] $parts[3]
            case '*'
                if set -q option[1]; or not set -q given[1]
                    __wf_offer $parts[2] $parts[3]
                end
        end
    end
end

function __wf_offer
    switch $argv[1]
        case @session
            command wf list 2>/dev/null | string replace -r '^([^\t]*)\t.*\t([^\t]*)$' '$1\t$2'
        case @any
            command wf list --all 2>/dev/null | string replace -r '^([^\t]*)\t.*\t([^\t]*)$' '$1\t$2'
        case @file
            __fish_complete_path (commandline -ct)
        case @none
        case '*'
            printf '%s\t%s\n' $argv
    end
end

complete -c wf -f -a '(__wf_complete)'
