from hptui.tui.config import Config, config_path, load_config, resolved_config


def write(text):
    config_path().parent.mkdir(parents=True, exist_ok=True)
    config_path().write_text(text)


def test_without_a_file_all_is_as_usual():
    assert load_config() == Config()


def test_what_the_file_says():
    write('theme = "light"\nrefresh = 2\ncharts = "ascii"\nmouse = false\n[keys]\n"study.pause" = "P"\n')
    found = load_config()
    assert (found.theme, found.refresh, found.charts, found.mouse) == ("light", 2.0, "ascii", False)
    assert found.keys == {"study.pause": "P"}
    assert found.problems == ()


def test_what_cannot_be_meant_is_said_and_changes_nothing():
    write('thme = "light"\nrefresh = -1\ncharts = "pixels"\nmouse = 3\nkeys = 1\nsmoothing = 2\n')
    found = load_config()
    assert (found.theme, found.refresh, found.charts) == ("dark", 1.0, "auto")
    assert len(found.problems) == 6
    assert "theme" in found.problems[0]


def test_a_file_that_is_no_toml_is_said():
    write("theme = ")
    assert len(load_config().problems) == 1


def test_what_the_terminal_and_the_environment_say():
    utf = {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    assert resolved_config(Config(), utf).charts == "braille"
    assert resolved_config(Config(), {**utf, "TERM": "linux"}).charts == "ascii"
    assert resolved_config(Config(), {"TERM": "xterm", "LC_ALL": "C"}).charts == "ascii"
    plain = resolved_config(Config(), {**utf, "NO_COLOR": "1"})
    assert (plain.theme, plain.charts) == ("ansi", "letters")
    assert resolved_config(Config(), {**utf, "NO_COLOR": "1", "TERM": "linux"}).charts == "ascii"
    assert resolved_config(Config(charts="block"), {**utf, "NO_COLOR": "1"}).charts == "block"
    slow = resolved_config(Config(slow=True), utf)
    assert (slow.refresh, slow.theme) == (2.0, "ansi")
