# Sourced by bin/check and bin/try with the repository as current directory and as $repo.
# Makes .venv, and does it again only when what it was made from has changed.
# shellcheck shell=sh disable=SC2154

# Python takes an empty HOME for the root directory, an unset one for the user's own.
[ -n "${HOME:-}" ] || unset HOME

find_python() {
    for candidate in python3 python3.15 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' \
            >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    echo "Python 3.11 or newer with its venv module is needed, and no python3 or python3.N" \
        "on PATH is that. (Debian keeps the module in the package python3-venv.)" >&2
    return 1
}

# prepare_venv run: what `wf` needs. prepare_venv dev: that, and the tools of the checks.
prepare_venv() {
    # The installed wf is a copy, so it is made anew when bin/wf changes.
    stamp=$(cat pyproject.toml bin/wf bin/setup.sh | cksum)
    for have in dev "$1"; do
        [ "$(cat ".venv/.installed-$have" 2>/dev/null)" != "$stamp at $repo" ] || return 0
    done

    echo "Setting up .venv (once) ..." >&2
    # The scripts of an environment hold its path: one that was moved or copied is of no use.
    if [ "$(cat .venv/.made-at 2>/dev/null)" != "$repo" ] || ! .venv/bin/python -c '' 2>/dev/null
    then
        python=$(find_python) || return 1
        "$python" -m venv --clear .venv || return 1
        printf '%s\n' "$repo" >.venv/.made-at
    fi
    case $1 in
    dev) target='.[dev]' ;;
    *) target=. ;;
    esac
    if ! .venv/bin/python -m pip install --disable-pip-version-check -e "$target" \
        >.venv/install.log 2>&1; then
        cat .venv/install.log >&2
        echo "pip could not install $target into .venv; its output is above." >&2
        return 1
    fi
    printf '%s\n' "$stamp at $repo" >".venv/.installed-$1"
}
