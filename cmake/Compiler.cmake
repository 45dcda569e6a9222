# Warnings are errors; ccache and mold are used where they are installed.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False positives of g++ 12 in its own library and in coroutine frames.
    add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
                        -Wno-stringop-overread -Wno-dangling-pointer -Wno-free-nonheap-object -Wno-mismatched-new-delete
                        -Wno-missing-field-initializers)
else()
    # clang blames us for what libstdc++ 12 uses inside std::stable_sort; g++ still reports what we use ourselves.
    # To it an enumerator of a class shadows a function beside the class; g++ holds us to -Wshadow in its own sense.
    add_compile_options(-Wno-missing-field-initializers -Wno-deprecated-declarations -Wno-shadow)
endif()
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
                        POSTRIDER_VERSION="${PROJECT_VERSION}")

if(POSTRIDER_SANITIZE)
    add_compile_options(-fsanitize=${POSTRIDER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${POSTRIDER_SANITIZE})
    if(POSTRIDER_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Boost.Asio has fences, which ThreadSanitizer does not see; ours are mutexes and atomics, which it does.
        add_compile_options(-Wno-tsan)
    endif()
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The same sources in another folder (a second worktree, a fresh clone) hit the same cache.
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=true ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
    add_link_options(-fuse-ld=mold)
endif()
